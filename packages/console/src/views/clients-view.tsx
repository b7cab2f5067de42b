import { useSignal } from '@preact/signals';
import { act } from '../api/request.js';
import { shortKey } from '../api/stream-key.js';
import type { ApiClient } from '../api/types.js';
import { Confirm } from '../parts/confirm.js';
import { age, bytes, count } from '../parts/format.js';
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

interface ClientPage {
  readonly clients: readonly ApiClient[];
  readonly next?: string;
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** Who plays, publishes and pulls, on all members. */
export function ClientsView({
  stream: givenStream = '',
  member: givenMember = '',
}: {
  readonly stream?: string;
  readonly member?: string;
}) {
  const wanted = {
    stream: useKept('stream', givenStream),
    member: useKept('member', givenMember),
    kind: useKept('kind', ''),
    protocol: useKept('protocol', ''),
    address: useKept('address', ''),
  };
  const cursors = useKept<readonly string[]>('cursors', []);
  const kicked = useSignal<ApiClient | null>(null);
  const asked = new URLSearchParams({ limit: String(ROWS) });
  for (const [name, { value }] of Object.entries(wanted)) if (value !== '') asked.set(name, value);
  const cursor = cursors.value.at(-1);
  if (cursor !== undefined) asked.set('cursor', cursor);
  const {
    value: page,
    problem,
    heardMs,
    again,
  } = useAnswer<ClientPage>(`/api/v1/clients?${asked}`, {
    isChangedBy: ({ kind }) => /^(publish|play|route)-|^member-(dead|left)/.test(kind),
    everyPulses: 3,
  });
  const filter = (name: keyof typeof wanted) => (event: Event) => {
    wanted[name].value = (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
    cursors.value = [];
  };
  return (
    <section class="panel" aria-labelledby="clients-title">
      <div class="row filters">
        <h2 id="clients-title" class="grow">
          Clients
        </h2>
        <label>
          stream
          <input
            type="search"
            data-filter
            value={wanted.stream.value}
            placeholder="live/s1"
            onInput={filter('stream')}
          />
        </label>
        <label>
          address
          <input type="search" value={wanted.address.value} placeholder="10.0." onInput={filter('address')} />
        </label>
        <Choice
          label="kind"
          value={wanted.kind.value}
          words={['play', 'publish', 'relay']}
          onChange={filter('kind')}
        />
        <Choice
          label="protocol"
          value={wanted.protocol.value}
          words={['rtmp', 'http-flv', 'ws-flv']}
          onChange={filter('protocol')}
        />
        <label>
          member
          <select value={wanted.member.value} onChange={filter('member')}>
            <MemberOptions any members={members.value ?? []} />
          </select>
        </label>
      </div>
      <Problem problem={problem} heardMs={heardMs} />
      <Missing missing={page?.missing} />
      {page === null && problem === null && <Notice kind="loading">Asking all members …</Notice>}
      {page !== null && page.clients.length === 0 && <Notice kind="empty">Nobody is there.</Notice>}
      {page !== null && page.clients.length > 0 && (
        <>
          <Scroll label="Clients">
            <table>
              <thead>
                <tr>
                  <th scope="col">address</th>
                  <th scope="col">kind</th>
                  <th scope="col">stream</th>
                  <th scope="col">on</th>
                  <th scope="col">protocol</th>
                  <th scope="col">state</th>
                  <th scope="col" class="number">
                    for
                  </th>
                  <th scope="col" class="number">
                    bytes
                  </th>
                  <th scope="col" class="number">
                    queue
                  </th>
                  <th scope="col" class="number">
                    dropped
                  </th>
                  <th scope="col">agent</th>
                  <th scope="col">
                    <span class="hidden">acts</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {page.clients.map((client) => (
                  <tr key={client.id}>
                    <th scope="row">{client.remote}</th>
                    <td>{client.kind}</td>
                    <td class="name">
                      <a href={linkToStream(client.key)}>{shortKey(client.key)}</a>
                    </td>
                    <td>
                      <a href={linkToMember(client.member)}>{client.name}</a>
                    </td>
                    <td>{client.protocol}</td>
                    <td>
                      <Badge state={client.state} />
                    </td>
                    <td class="number">{age(now.value - client.sinceMs)}</td>
                    <td class="number">{bytes(client.bytes)}</td>
                    <td class="number">{bytes(client.queueBytes)}</td>
                    <td class="number">{count(client.framesDropped)}</td>
                    <td class="quiet agent">{client.agent}</td>
                    <td>
                      <button
                        type="button"
                        aria-label={`Kick ${client.remote}`}
                        onClick={() => (kicked.value = client)}
                      >
                        Kick …
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
          {(page.next !== undefined || cursors.value.length > 0) && (
            <Pager cursors={cursors} next={page.next} label="Pages of clients" />
          )}
        </>
      )}
      {kicked.value !== null && (
        <Confirm
          title={`Kick ${kicked.value.remote}?`}
          act="Kick"
          onAct={async () => {
            await act('DELETE', `/api/v1/clients/${encodeURIComponent(kicked.value?.id ?? '')}`);
            again();
          }}
          onClose={() => {
            kicked.value = null;
          }}
        >
          <p>
            It is told that an operator did, and its {kicked.value.kind} of {shortKey(kicked.value.key)} on{' '}
            {kicked.value.name} ends. It may come again: to keep it out is a matter of access rules.
          </p>
        </Confirm>
      )}
    </section>
  );
}

const Choice = ({
  label,
  value,
  words,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly words: readonly string[];
  readonly onChange: (event: Event) => void;
}) => (
  <label>
    {label}
    <select value={value} onChange={onChange}>
      <option value="">any</option>
      {words.map((word) => (
        <option key={word} value={word}>
          {word}
        </option>
      ))}
    </select>
  </label>
);
