import { shortKey } from '../api/stream-key.js';
import type { ApiFigures, ApiStreamPage } from '../api/types.js';
import { age, bitRate, count, roundTrip } from '../parts/format.js';
import { MemberOptions } from '../parts/member-options.js';
import { Badge, Missing, Notice, Problem } from '../parts/notice.js';
import { Pager } from '../parts/pager.js';
import { Scroll } from '../parts/scroll.js';
import { members } from '../state/live.js';
import { now } from '../state/now.js';
import { linkToMember, linkToStream } from '../state/read-place.js';
import { useAnswer } from '../state/use-answer.js';
import { useKept } from '../state/use-kept.js';

const ROWS = 50;

type LastSwitch = NonNullable<ApiFigures['lastSwitch']>;
type Row = ApiStreamPage['streams'][number];

/** Every stream of the mesh, filtered and cut into pages by the member that is asked. */
export function StreamsView() {
  const prefix = useKept('prefix', '');
  const state = useKept('state', '');
  const owner = useKept('owner', '');
  const cursors = useKept<readonly string[]>('cursors', []);
  const asked = new URLSearchParams({ limit: String(ROWS), figures: 'mesh' });
  const cursor = cursors.value.at(-1);
  for (const [name, value] of Object.entries({
    prefix: prefix.value,
    state: state.value,
    owner: owner.value,
    cursor,
  }))
    if (value !== undefined && value !== '') asked.set(name, value);
  const {
    value: page,
    problem,
    heardMs,
  } = useAnswer<ApiStreamPage>(`/api/v1/streams?${asked}`, {
    isChangedBy: ({ kind }) => /^stream-|^relay-switched|^member-(dead|left|joined)/.test(kind),
    everyPulses: 2,
  });
  const filter = (to: typeof prefix) => (event: Event) => {
    to.value = (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
    cursors.value = [];
  };
  return (
    <section class="panel" aria-labelledby="streams-title">
      <div class="row filters">
        <h2 id="streams-title" class="grow">
          Streams <span class="quiet">{page === null ? '' : `${count(page.total)} in the mesh`}</span>
        </h2>
        <label>
          name begins with
          <input
            type="search"
            data-filter
            value={prefix.value}
            placeholder="live/"
            onInput={filter(prefix)}
          />
        </label>
        <label>
          state
          <select value={state.value} onChange={filter(state)}>
            <option value="">any</option>
            <option value="flowing">flowing</option>
            <option value="silent">silent</option>
            <option value="unowned">waited for here</option>
          </select>
        </label>
        <label>
          owner
          <select value={owner.value} onChange={filter(owner)}>
            <MemberOptions
              any
              members={(members.value ?? []).filter(
                ({ liveness }) => liveness !== 'dead' && liveness !== 'left',
              )}
            />
          </select>
        </label>
      </div>
      <Problem problem={problem} heardMs={heardMs} />
      <Missing missing={page?.missing} />
      {page === null && problem === null && <Notice kind="loading">Asking for streams …</Notice>}
      {page !== null && page.streams.length === 0 && (
        <Notice kind="empty">
          {prefix.value || state.value || owner.value
            ? 'No stream is like that.'
            : 'Nobody publishes at the moment.'}
        </Notice>
      )}
      {page !== null && page.streams.length > 0 && (
        <>
          <Scroll label="Streams">
            <table>
              <thead>
                <tr>
                  <th scope="col">stream</th>
                  <th scope="col">owners, in order</th>
                  <th scope="col" class="number">
                    players
                  </th>
                  <th scope="col" class="number">
                    relays
                  </th>
                  <th scope="col" class="number">
                    bit rate
                  </th>
                  <th scope="col" class="number">
                    frames
                  </th>
                  <th scope="col" class="number">
                    key frames
                  </th>
                  <th scope="col">media</th>
                  <th scope="col">last switch</th>
                </tr>
              </thead>
              <tbody>
                {page.streams.map((stream) => (
                  <StreamRow key={stream.key} stream={stream} />
                ))}
              </tbody>
            </table>
          </Scroll>
          {(page.next !== undefined || cursors.value.length > 0) && (
            <Pager cursors={cursors} next={page.next} label="Pages of streams" />
          )}
        </>
      )}
    </section>
  );
}

function StreamRow({ stream: { key, owners, figures } }: { readonly stream: Row }) {
  const media = owners[0]?.media;
  const video = media?.video;
  // What comes counts more than what the encoder said.
  const rate = figures?.frameRate ?? video?.frameRate;
  return (
    <tr>
      <th scope="row" class="name">
        <a href={linkToStream(key)}>{shortKey(key)}</a>
      </th>
      <td>
        {owners.length === 0 && <span class="quiet">nobody</span>}
        <ol class="owners">
          {owners.map(({ member, name, state, liveness }) => (
            <li key={member} data-state={liveness === 'alive' ? state : liveness}>
              <a href={linkToMember(member)}>{name}</a>
              {state === 'silent' && <Badge state="silent" />}
            </li>
          ))}
        </ol>
      </td>
      <td class="number">{count(figures?.players ?? 0)}</td>
      <td class="number">{count(figures?.relays ?? 0)}</td>
      <td class="number">{bitRate(figures?.kbpsIn ?? 0)}</td>
      <td class="number">{rate === undefined ? '–' : `${Number(rate.toFixed(2))}/s`}</td>
      <td class="number">
        {figures?.keyframeMs === undefined ? '–' : `${(figures.keyframeMs / 1000).toFixed(1)} s`}
      </td>
      <td class="quiet">
        {[
          video?.codec,
          video?.width === undefined ? undefined : `${video.width}×${video.height}`,
          media?.audio?.codec,
        ]
          .filter((each) => each !== undefined)
          .join(' · ') || '–'}
      </td>
      <td class="quiet">
        <Switched last={figures?.lastSwitch} />
      </td>
    </tr>
  );
}

export function Switched({ last }: { readonly last: LastSwitch | undefined }) {
  if (last === undefined) return <>–</>;
  const { atMs, from, to, gapMs, isExact } = last;
  return (
    <>
      {from === null
        ? `to ${to}`
        : `${from} → ${to}, ${isExact ? 'exact' : 'at a keyframe'}, ${roundTrip(gapMs)}`}
      , {age(now.value - atMs)} ago
    </>
  );
}
