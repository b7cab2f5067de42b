import { useSignal } from '@preact/signals';
import { act } from '../api/request.js';
import { shortKey } from '../api/stream-key.js';
import type { ApiClient } from '../api/types.js';
import { type Column, RowTable } from '../list/row-table.js';
import { useEndless } from '../list/use-endless.js';
import { Confirm } from '../parts/confirm.js';
import { age, bytes, count } from '../parts/format.js';
import { MemberOptions } from '../parts/member-options.js';
import { Badge, Missing, Notice, Problem } from '../parts/notice.js';
import { members } from '../state/live.js';
import { now } from '../state/now.js';
import { linkToMember, linkToStream } from '../state/read-place.js';
import { useKept } from '../state/use-kept.js';

interface ClientPage {
  readonly clients: readonly ApiClient[];
  readonly next?: string;
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

const SOURCE = {
  rowsOf: ({ clients, next }: ClientPage) => ({ rows: clients, next }),
  idOf: ({ id }: ApiClient) => id,
};

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
  const kicked = useSignal<ApiClient | null>(null);
  const asked = new URLSearchParams();
  for (const [name, { value }] of Object.entries(wanted)) if (value !== '') asked.set(name, value);
  const list = useEndless('/api/v1/clients', asked.toString(), SOURCE, {
    isChangedBy: ({ kind }) => /^(publish|play|route)-|^member-(dead|left)/.test(kind),
    everyPulses: 3,
  });
  const shown = list.shown.value;
  const problem = list.problem.value;
  const filter = (name: keyof typeof wanted) => (event: Event) => {
    wanted[name].value = (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
  };
  return (
    <section class="panel list" aria-labelledby="clients-title">
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
      <Problem problem={problem} heardMs={shown?.heardMs ?? 0} />
      <Missing missing={shown?.answer.missing} />
      {shown === null && problem === null && <Notice kind="loading">Asking all members …</Notice>}
      {shown !== null && shown.rows.length === 0 && (
        <Notice kind="empty">{asked.size > 0 ? 'Nobody is like that.' : 'Nobody is there.'}</Notice>
      )}
      {shown !== null && shown.rows.length > 0 && (
        <RowTable
          label="Clients"
          list={list}
          shown={shown}
          columns={columnsOf((client) => {
            kicked.value = client;
          })}
          idOf={SOURCE.idOf}
        />
      )}
      {kicked.value !== null && (
        <Confirm
          title={`Kick ${kicked.value.remote}?`}
          act="Kick"
          onAct={async () => {
            await act('DELETE', `/api/v1/clients/${encodeURIComponent(kicked.value?.id ?? '')}`);
            list.refresh();
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

const columnsOf = (kick: (client: ApiClient) => void): readonly Column<ApiClient>[] => [
  { name: 'address', em: 9.5, kind: 'grow', cell: ({ remote }) => remote },
  { name: 'kind', em: 4.5, cell: ({ kind }) => kind },
  {
    name: 'stream',
    em: 11,
    class: 'name',
    cell: ({ key }) => <a href={linkToStream(key)}>{shortKey(key)}</a>,
  },
  { name: 'on', em: 8, cell: ({ member, name }) => <a href={linkToMember(member)}>{name}</a> },
  { name: 'protocol', em: 5.5, cell: ({ protocol }) => protocol },
  { name: 'state', em: 6.5, cell: ({ state }) => <Badge state={state} /> },
  { name: 'for', em: 7.5, kind: 'number', cell: ({ sinceMs }) => age(now.value - sinceMs) },
  { name: 'bytes', em: 6.5, kind: 'number', cell: (client) => bytes(client.bytes) },
  { name: 'queue', em: 6.5, kind: 'number', cell: ({ queueBytes }) => bytes(queueBytes) },
  { name: 'dropped', em: 5, kind: 'number', cell: ({ framesDropped }) => count(framesDropped) },
  { name: 'agent', em: 8, class: 'quiet agent', cell: ({ agent }) => <span title={agent}>{agent}</span> },
  {
    name: 'acts',
    head: <span class="hidden">acts</span>,
    em: 5.5,
    class: 'acts',
    cell: (client) => (
      <button type="button" aria-label={`Kick ${client.remote}`} onClick={() => kick(client)}>
        Kick …
      </button>
    ),
  },
];

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
