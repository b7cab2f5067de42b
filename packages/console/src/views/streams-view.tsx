import { shortKey } from '../api/stream-key.js';
import type { ApiFigures, ApiStreamPage } from '../api/types.js';
import { type Column, RowTable } from '../list/row-table.js';
import { useEndless } from '../list/use-endless.js';
import { age, bitRate, count, roundTrip } from '../parts/format.js';
import { MemberOptions } from '../parts/member-options.js';
import { Badge, Missing, Notice, Problem } from '../parts/notice.js';
import { members } from '../state/live.js';
import { now } from '../state/now.js';
import { linkToMember, linkToStream } from '../state/read-place.js';
import { useKept } from '../state/use-kept.js';

type LastSwitch = NonNullable<ApiFigures['lastSwitch']>;
type Row = ApiStreamPage['streams'][number];

const SOURCE = {
  rowsOf: ({ streams, next }: ApiStreamPage) => ({ rows: streams, next }),
  idOf: ({ key }: Row) => key,
};

/** Every stream of the mesh, filtered by the member that is asked, and read as somebody scrolls. */
export function StreamsView() {
  const prefix = useKept('prefix', '');
  const state = useKept('state', '');
  const owner = useKept('owner', '');
  const asked = new URLSearchParams({ figures: 'mesh' });
  for (const [name, { value }] of Object.entries({ prefix, state, owner }))
    if (value !== '') asked.set(name, value);
  const list = useEndless('/api/v1/streams', asked.toString(), SOURCE, {
    isChangedBy: ({ kind }) => /^stream-|^relay-switched|^member-(dead|left|joined)/.test(kind),
    everyPulses: 2,
  });
  const shown = list.shown.value;
  const isFiltered = asked.size > 1;
  const problem = list.problem.value;
  const filter = (to: typeof prefix) => (event: Event) => {
    to.value = (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
  };
  return (
    <section class="panel list" aria-labelledby="streams-title">
      <div class="row filters">
        <h2 id="streams-title" class="grow">
          Streams{' '}
          <span class="quiet">
            {shown === null ? '' : `${shown.answer.total.toLocaleString('en')} in the mesh`}
          </span>
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
      <Problem problem={problem} heardMs={shown?.heardMs ?? 0} />
      <Missing missing={shown?.answer.missing} />
      {shown === null && problem === null && <Notice kind="loading">Asking for streams …</Notice>}
      {shown !== null && shown.rows.length === 0 && (
        <Notice kind="empty">
          {isFiltered ? 'No stream is like that.' : 'Nobody publishes at the moment.'}
        </Notice>
      )}
      {shown !== null && shown.rows.length > 0 && (
        <RowTable
          label="Streams"
          list={list}
          shown={shown}
          total={isFiltered ? undefined : shown.answer.total}
          columns={COLUMNS}
          idOf={SOURCE.idOf}
        />
      )}
    </section>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'stream',
    em: 15,
    kind: 'grow',
    class: 'name',
    cell: ({ key }) => <a href={linkToStream(key)}>{shortKey(key)}</a>,
  },
  { name: 'owners, in order', em: 14, cell: ({ owners }) => <OwnersInOrder owners={owners} /> },
  { name: 'players', em: 5, kind: 'number', cell: ({ figures }) => count(figures?.players ?? 0) },
  { name: 'relays', em: 4.5, kind: 'number', cell: ({ figures }) => count(figures?.relays ?? 0) },
  { name: 'bit rate', em: 7, kind: 'number', cell: ({ figures }) => bitRate(figures?.kbpsIn ?? 0) },
  {
    name: 'frames',
    em: 5.5,
    kind: 'number',
    cell: ({ owners, figures }) => {
      // What comes counts more than what the encoder said.
      const rate = figures?.frameRate ?? owners[0]?.media?.video?.frameRate;
      return rate === undefined ? '–' : `${Number(rate.toFixed(2))}/s`;
    },
  },
  {
    name: 'key frames',
    em: 6,
    kind: 'number',
    cell: ({ figures }) =>
      figures?.keyframeMs === undefined ? '–' : `${(figures.keyframeMs / 1000).toFixed(1)} s`,
  },
  { name: 'media', em: 14, class: 'quiet', cell: ({ owners }) => mediaOf(owners) },
  {
    name: 'last switch',
    em: 19,
    class: 'quiet',
    cell: ({ figures }) => <Switched last={figures?.lastSwitch} />,
  },
];

const OwnersInOrder = ({ owners }: Pick<Row, 'owners'>) =>
  owners.length === 0 ? (
    <span class="quiet">nobody</span>
  ) : (
    <ol class="owners">
      {owners.map(({ member, name, state, liveness }) => (
        <li key={member} data-state={liveness === 'alive' ? state : liveness}>
          <a href={linkToMember(member)}>{name}</a>
          {state === 'silent' && <Badge state="silent" />}
        </li>
      ))}
    </ol>
  );

function mediaOf([best]: Row['owners']): string {
  const { video, audio } = best?.media ?? {};
  const picture = video?.width === undefined ? undefined : `${video.width}×${video.height}`;
  return [video?.codec, picture, audio?.codec].filter((each) => each !== undefined).join(' · ') || '–';
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
