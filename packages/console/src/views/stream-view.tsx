import { useSignal } from '@preact/signals';
import { act } from '../api/request.js';
import { shortKey, streamPath } from '../api/stream-key.js';
import type { ApiOwner, ApiStreamDetail } from '../api/types.js';
import { Confirm } from '../parts/confirm.js';
import { EventList } from '../parts/event-list.js';
import { type Fact, FactList } from '../parts/fact-list.js';
import { age, bitRate, bytes, count } from '../parts/format.js';
import { Graph } from '../parts/graph.js';
import { Badge, Missing, Notice, Problem } from '../parts/notice.js';
import { Scroll } from '../parts/scroll.js';
import { PlayerPanel } from '../player/player-panel.js';
import { events } from '../state/live.js';
import { now } from '../state/now.js';
import { linkToClients, linkToMember } from '../state/read-place.js';
import { useAnswer } from '../state/use-answer.js';
import { ExplainPanel } from './explain-panel.js';
import { Switched } from './streams-view.js';

/** A pulse comes every 2 s: five minutes. */
const SAMPLES_MAX = 150;
const EVENTS_SHOWN = 100;

interface Sample {
  readonly kbps: number;
  readonly players: number;
}

export function StreamView({ streamKey: key }: { readonly streamKey: string }) {
  const samples = useSignal<readonly Sample[]>([]);
  const {
    value: stream,
    problem,
    heardMs,
  } = useAnswer<ApiStreamDetail>(streamPath(key), {
    isChangedBy: (event) => ('key' in event && event.key === key) || event.kind.startsWith('member-'),
    everyPulses: 1,
    onValue: (value) => {
      const kbps = Math.max(0, ...value.members.map(({ kbpsIn }) => kbpsIn));
      samples.value = [...samples.value, { kbps, players: playersOf(value) }].slice(-SAMPLES_MAX);
    },
  });
  if (stream === null)
    return problem === null ? (
      <Notice kind="loading">Asking for {shortKey(key)} …</Notice>
    ) : (
      <Notice kind="error">{problem}</Notice>
    );
  const own = events.value
    .filter((event) => 'key' in event && event.key === key)
    .slice(-EVENTS_SHOWN)
    .reverse();
  return (
    <div class="stream">
      <section class="panel">
        <div class="row">
          <h2 class="grow name">
            {shortKey(key)}{' '}
            <Badge state={stream.owners.length === 0 ? 'unowned' : (stream.owners[0]?.state ?? 'silent')} />
          </h2>
          <a href={linkToClients({ stream: key })}>Its clients</a>
          {stream.owners.length > 0 && <EndButton streamKey={key} owners={stream.owners} />}
        </div>
        <Problem problem={problem} heardMs={heardMs} />
        <Missing missing={stream.missing} />
        <div class="row graphs">
          <Graph
            title="Bit rate"
            values={samples.value.map(({ kbps }) => kbps)}
            places={SAMPLES_MAX}
            show={bitRate}
          />
          <Graph
            title="Players"
            values={samples.value.map(({ players }) => players)}
            places={SAMPLES_MAX}
            show={count}
          />
        </div>
        <Pictures stream={stream} />
        <Owners owners={stream.owners} />
      </section>
      <PlayerPanel streamKey={key} stream={stream} />
      <ExplainPanel streamKey={key} />
      <section class="panel" aria-labelledby="on-members">
        <h2 id="on-members">On the members</h2>
        <OnMembers stream={stream} />
      </section>
      <section class="panel wide" aria-labelledby="time-line">
        <h2 id="time-line">Time line</h2>
        {own.length === 0 ? (
          <Notice kind="empty">Nothing happened to it lately.</Notice>
        ) : (
          <EventList events={own} isKeyKnown label={`Events of ${shortKey(key)}, newest first`} />
        )}
      </section>
    </div>
  );
}

/** A member's pull is among the players of whom it pulls from. */
function playersOf({ playersInMesh, members }: ApiStreamDetail): number {
  return Math.max(0, playersInMesh - members.filter(({ source }) => source === 'relay').length);
}

/** How pictures come to the best of those that have them, and when players last went on from another source. */
function Pictures({ stream: { members, owners, key } }: { readonly stream: ApiStreamDetail }) {
  const ranked = [...owners.map(({ member }) => member), ...members.map(({ member }) => member)];
  const best = ranked
    .map((id) => members.find(({ member }) => member === id))
    .find((one) => one?.frameRate !== undefined || one?.keyframeMs !== undefined);
  const last = events.value.findLast(
    (event) => event.kind === 'relay-switched' && event.key === key && event.from !== null,
  );
  const facts: readonly Fact[] = [
    ['frame rate', best?.frameRate === undefined ? '–' : `${best.frameRate} frames/s`],
    ['between key frames', best?.keyframeMs === undefined ? '–' : `${(best.keyframeMs / 1000).toFixed(1)} s`],
    ['last switch', last?.kind === 'relay-switched' ? <Switched last={last} /> : 'none lately'],
  ];
  return <FactList facts={facts} />;
}

function Owners({ owners }: { readonly owners: readonly ApiOwner[] }) {
  if (owners.length === 0) return <Notice kind="empty">Nobody publishes it. Who plays it waits.</Notice>;
  return (
    <Scroll label="Owners in order">
      <table>
        <thead>
          <tr>
            <th scope="col">owners, in order</th>
            <th scope="col">media</th>
            <th scope="col">member</th>
            <th scope="col" class="number">
              for
            </th>
            <th scope="col">picture and sound</th>
          </tr>
        </thead>
        <tbody>
          {owners.map(({ member, name, state, liveness, draining, full, sinceMs, media, through }, index) => (
            <tr key={member}>
              <th scope="row">
                {index + 1}. <a href={linkToMember(member)}>{name}</a>
              </th>
              <td>
                <Badge state={state} />
              </td>
              <td>
                <Badge
                  state={liveness !== 'alive' ? liveness : draining ? 'draining' : full ? 'full' : 'alive'}
                />
                {through !== undefined && <span class="quiet"> through {through}</span>}
              </td>
              <td class="number">{age(now.value - sinceMs)}</td>
              <td class="quiet">{mediaWords(media)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function mediaWords({ video, audio }: ApiOwner['media']): string {
  const words = [
    video?.codec,
    video?.width === undefined ? undefined : `${video.width}×${video.height}`,
    video?.frameRate === undefined ? undefined : `${Number(video.frameRate.toFixed(2))} frames/s`,
    audio?.codec,
    audio?.sampleRateHz === undefined ? undefined : `${audio.sampleRateHz / 1000} kHz`,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? 'not known' : words.join(' · ');
}

function OnMembers({ stream: { members, owners } }: { readonly stream: ApiStreamDetail }) {
  if (members.length === 0) return <Notice kind="empty">No member has it.</Notice>;
  const nameOf = (id: string): string =>
    members.find(({ member }) => member === id)?.name ??
    owners.find(({ member }) => member === id)?.name ??
    id;
  return (
    <Scroll label="On the members">
      <table>
        <thead>
          <tr>
            <th scope="col">member</th>
            <th scope="col">fed by</th>
            <th scope="col" class="number">
              in
            </th>
            <th scope="col" class="number">
              players
            </th>
            <th scope="col" class="number">
              queues
            </th>
            <th scope="col" class="number">
              dropped
            </th>
          </tr>
        </thead>
        <tbody>
          {members.map(
            ({
              member,
              name,
              source,
              relayFrom,
              relayThrough,
              kbpsIn,
              players,
              queueBytes,
              framesDropped,
            }) => (
              <tr key={member}>
                <th scope="row">
                  <a href={linkToMember(member)}>{name}</a>
                </th>
                <td>
                  {source === 'relay'
                    ? `relay from ${nameOf(relayFrom ?? '')}`
                    : source === 'publisher'
                      ? 'its publisher'
                      : 'nothing'}
                  {relayThrough !== undefined && ` through ${nameOf(relayThrough)}`}
                </td>
                <td class="number">{bitRate(kbpsIn)}</td>
                <td class="number">{count(players)}</td>
                <td class="number">{bytes(queueBytes)}</td>
                <td class="number">{count(framesDropped)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </Scroll>
  );
}

function EndButton({
  streamKey,
  owners,
}: {
  readonly streamKey: string;
  readonly owners: readonly ApiOwner[];
}) {
  const isAsked = useSignal(false);
  return (
    <>
      <button type="button" onClick={() => (isAsked.value = true)}>
        End publish …
      </button>
      {isAsked.value && (
        <Confirm
          title={`End the publishers of ${shortKey(streamKey)}?`}
          act="End publish"
          onAct={() => act('DELETE', streamPath(streamKey))}
          onClose={() => {
            isAsked.value = false;
          }}
        >
          <p>
            Those on {owners.map(({ name }) => name).join(', ')} are told that an operator did it. Most
            encoders connect again by themselves. Players wait.
          </p>
        </Confirm>
      )}
    </>
  );
}
