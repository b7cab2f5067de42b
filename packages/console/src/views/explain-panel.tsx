import { useSignal } from '@preact/signals';
import { streamPath } from '../api/stream-key.js';
import type { ApiExplained } from '../api/types.js';
import { Badge, Notice, Problem } from '../parts/notice.js';
import { members } from '../state/live.js';
import { useAnswer } from '../state/use-answer.js';

/** Kinds of clients that behave alike, as people know them. */
const CLIENTS: readonly (readonly [ApiExplained['client'], string])[] = [
  ['ffmpeg', 'ffmpeg, OBS, VLC (RTMP)'],
  ['srs-edge', 'SRS edge (RTMP 302)'],
  ['flv', 'HTTP-FLV'],
  ['browser', 'browser (WebSocket-FLV)'],
];

/** What any member would do with a play of this stream now, and why. */
export function ExplainPanel({ streamKey }: { readonly streamKey: string }) {
  const from = useSignal('');
  const there = (members.value ?? []).filter(({ liveness }) => liveness !== 'dead' && liveness !== 'left');
  const chosen = there.find(({ id }) => id === from.value) ?? there.find(({ self }) => self);
  return (
    <section class="panel" aria-labelledby="explain">
      <div class="row">
        <h2 id="explain" class="grow">
          Where a play goes
        </h2>
        <label>
          that comes to
          <select value={chosen?.id ?? ''} onChange={(event) => (from.value = event.currentTarget.value)}>
            {there.map(({ id, name, self }) => (
              <option key={id} value={id}>
                {self ? `${name} (this one)` : name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="quiet">What this member would answer each kind of client now, and why. Nothing is begun.</p>
      {chosen === undefined ? (
        <Notice kind="loading">Asking for members …</Notice>
      ) : (
        <dl class="routes">
          {CLIENTS.map(([client, name]) => (
            <div key={client}>
              <dt>{name}</dt>
              <dd>
                <Explained key={chosen.id} streamKey={streamKey} client={client} from={chosen.id} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Explained({
  streamKey,
  client,
  from,
}: {
  readonly streamKey: string;
  readonly client: string;
  readonly from: string;
}) {
  const { value, problem, heardMs } = useAnswer<ApiExplained>(
    streamPath(streamKey, 'explain', { client, from }),
    {
      isChangedBy: (event) =>
        ('key' in event && event.key === streamKey && event.kind.startsWith('stream-')) ||
        event.kind.startsWith('member-') ||
        event.kind === 'configuration-reloaded',
      everyPulses: 5,
    },
  );
  if (value === null)
    return problem === null ? <span class="quiet">asking …</span> : <Notice kind="error">{problem}</Notice>;
  const last = value.steps.at(-1);
  return (
    <>
      <Problem problem={problem} heardMs={heardMs} />
      <Badge state={value.access === 'refused' ? 'refuse' : value.route} />{' '}
      {value.target !== undefined && <strong>{value.target}</strong>}
      <details>
        <summary>{last?.text ?? value.reason}</summary>
        <ul>
          {value.steps.slice(0, -1).map(({ about, text }, index) => (
            <li key={index}>
              <span class="quiet">{about}:</span> {text}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
