import { hostPort } from '@headwater/directory';
import * as v from 'valibot';
import { MEMBER } from '../api-answers.js';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command } from '../command.js';
import { durationText } from '../duration-text.js';
import { EXIT } from '../io.js';
import { livenessCell } from '../liveness-cell.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

const MEMBERS_ANSWER = v.object({
  members: v.array(
    v.object({
      ...MEMBER.entries,
      meshAddresses: v.array(v.string()),
      relayAddresses: v.optional(v.array(v.object({ host: v.string(), rtmpPort: v.number() })), []),
      pulledAt: v.optional(v.string()),
      pulledByTls: v.optional(v.boolean(), false),
      workers: v.optional(
        v.array(
          v.object({
            worker: v.number(),
            state: v.string(),
            pid: v.optional(v.number()),
            sinceMs: v.number(),
            connections: v.number(),
            players: v.number(),
            publishers: v.number(),
            outboundKbps: v.number(),
            rssBytes: v.number(),
            restarts: v.number(),
            lastEnd: v.optional(v.string()),
          }),
        ),
        [],
      ),
    }),
  ),
});

type Member = v.InferOutput<typeof MEMBERS_ANSWER>['members'][number];
type Worker = Member['workers'][number];

const RIGHT = { align: 'right' } as const;

export const MEMBERS: Command = {
  name: 'members',
  summary: 'Show who is in the mesh, as one member sees it.',
  flags: [...API_FLAGS, JSON_FLAG],
  async run(given, io) {
    const { value, text } = await readApi('/api/v1/members', MEMBERS_ANSWER, given, io);
    if (given.has('json')) {
      io.stdout.write(`${text.trimEnd()}\n`);
      return EXIT.ok;
    }
    const hasZones = value.members.some(({ zone }) => zone !== undefined);
    const columns = [
      'MEMBER',
      'ROLE',
      'STATE',
      ...(hasZones ? ['ZONE'] : []),
      { title: 'STREAMS', ...RIGHT },
      { title: 'PUBLISHERS', ...RIGHT },
      { title: 'PLAYERS', ...RIGHT },
      { title: 'OUT kbit/s', ...RIGHT },
      { title: 'RTT ms', ...RIGHT },
      'MESH ADDRESS',
      'PULLED AT',
      'PROGRAM',
    ];
    const rows = value.members.map((member) => rowOf(member, hasZones));
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    io.stdout.write(renderTable(columns, rows, paint));
    const workers = value.members.flatMap((member) => member.workers);
    if (workers.length > 0) {
      const lines = workers.map((worker) => workerRow(worker, io.now()));
      io.stdout.write(`\n${renderTable(WORKER_COLUMNS, lines, paint)}`);
    }
    return EXIT.ok;
  },
};

/** Media workers of the member that was asked. */
const WORKER_COLUMNS = [
  'WORKER',
  'STATE',
  { title: 'PID', ...RIGHT },
  { title: 'FOR', ...RIGHT },
  { title: 'CONNECTIONS', ...RIGHT },
  { title: 'PUBLISHERS', ...RIGHT },
  { title: 'PLAYERS', ...RIGHT },
  { title: 'OUT kbit/s', ...RIGHT },
  { title: 'MEMORY MB', ...RIGHT },
  { title: 'RESTARTS', ...RIGHT },
  'LAST END',
];

const WORKER_STYLE: Readonly<Record<string, 'green' | 'red'>> = {
  listening: 'green',
  hung: 'red',
  waiting: 'red',
};

function workerRow(worker: Worker, nowMs: number): Cell[] {
  return [
    String(worker.worker),
    { text: worker.state, style: WORKER_STYLE[worker.state] ?? 'yellow' },
    worker.pid === undefined ? '-' : String(worker.pid),
    durationText(Math.max(0, nowMs - worker.sinceMs)),
    String(worker.connections),
    String(worker.publishers),
    String(worker.players),
    String(Math.round(worker.outboundKbps)),
    String(Math.round(worker.rssBytes / 1_048_576)),
    String(worker.restarts),
    { text: worker.lastEnd ?? '-', style: 'dim' },
  ];
}

function rowOf(member: Member, hasZones: boolean): Cell[] {
  return [
    member.self ? { text: `${member.name} (asked)`, style: 'bold' } : member.name,
    member.role,
    livenessCell(member),
    ...(hasZones ? [member.zone ?? '-'] : []),
    String(member.streams),
    String(member.publishers),
    String(member.players),
    String(Math.round(member.outboundKbps)),
    member.rttMs === undefined ? '-' : member.rttMs.toFixed(1),
    member.meshAddresses[0] ?? '-',
    `${member.pulledAt ?? relayAddressOf(member)}${member.pulledByTls ? ' (TLS)' : ''}`,
    { text: member.program, style: 'dim' },
  ];
}

/** What it tells first, where nobody pulls from it yet or it is the one that was asked. */
function relayAddressOf({ relayAddresses: [first] }: Member): string {
  return first === undefined ? '-' : hostPort(first.host, first.rtmpPort);
}
