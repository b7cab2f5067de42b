import type { Machine } from './figures.js';
import type { Growth } from './growth.js';
import { drawing } from './line-plot.js';

type Row = Readonly<Record<string, number>>;

/** docs/cost.md and what it shows, by file name. */
export function costPage(
  { members, streams, counted }: Growth,
  machine: Machine,
): Readonly<Record<string, string>> {
  const page = `# What the mesh costs as it grows

Made by \`npm run bench -- growth --write\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, everything over loopback. Run it again to
have these figures for another machine.

![Cost by members and streams](cost.svg)

## Members: real processes

All members share the ${machine.cores} cores, so times at 20 and 30 members include waiting for a core. Idle: nothing is published; per member.
Claim: from the claim to the last member's directory. Burst: 5,000 claims of one member at once, until the last member has them.

${table(
  [
    'members',
    'idle, % of a core',
    'idle, KB/s each way',
    'claim p50, ms',
    'claim p99, ms',
    'burst, ms',
    'burst, CPU ms of all',
  ],
  members as unknown as readonly Row[],
  [
    'members',
    'idleCorePercent',
    'idleKBytesPerSecond',
    'claimP50Ms',
    'claimP99Ms',
    'burstMs',
    'burstCpuMsOfAll',
  ],
)}

## Streams: a member joins

Four members own the streams in equal parts, a fifth joins: from its start until it holds the whole directory. Memory: of the member that joined.

${table(['streams', 'join, ms', 'bytes per stream'], streams as unknown as readonly Row[], [
  'streams',
  'joinMs',
  'bytesPerStream',
])}

## Messages and bytes, counted in the simulator

Where processes would only show how few cores there are, the simulator runs the same core over a network without cost and counts. Counted are our messages with frame
or envelope; not TCP, noise, yamux, and the control messages of gossipsub. A publish is counted for the whole mesh, hops included; idle traffic per member in one direction.
Join: all start within a second, until everybody holds the words of everybody.

${table(
  [
    'members',
    'join, ms',
    'idle, messages/s',
    'idle, bytes/s',
    'messages per publish',
    'bytes per publish',
    'burst of 5,000, messages',
    'burst, KB',
  ],
  counted.map((row) => ({
    ...row,
    burstKBytes: Math.round(row.burstBytes / 1_000),
  })) as unknown as readonly Row[],
  [
    'members',
    'joinMs',
    'idleMessagesPerSecond',
    'idleBytesPerSecond',
    'messagesPerPublish',
    'bytesPerPublish',
    'burstMessages',
    'burstKBytes',
  ],
)}

Idle traffic of one member grows with the number of members, since each pair of members hears of each other each \`mesh.heartbeatMs\`; a claim's messages grow likewise, since its
author tells everybody. Under load all members together send some 60 broadcasts a second, however many they are: claims are gathered for longer instead.
`;
  const svg = drawing('How the cost of the mesh grows with members and streams', [
    {
      title: 'Idle member (real processes)',
      xLabel: 'members',
      yLabel: '% of a core, KB/s',
      lines: [
        { name: '% of a core', points: members.map((row) => [row.members, row.idleCorePercent]) },
        { name: 'KB/s each way', points: members.map((row) => [row.members, row.idleKBytesPerSecond]) },
      ],
    },
    {
      title: 'Claim to every directory (real processes)',
      xLabel: 'members',
      yLabel: 'ms',
      lines: [
        { name: 'p50', points: members.map((row) => [row.members, row.claimP50Ms]) },
        { name: 'p99', points: members.map((row) => [row.members, row.claimP99Ms]) },
      ],
    },
    {
      title: 'Join (real processes)',
      xLabel: 'streams in the mesh',
      yLabel: 'ms',
      isYLogarithmic: true,
      lines: [
        { name: 'until the directory is whole', points: streams.map((row) => [row.streams, row.joinMs]) },
      ],
    },
    {
      title: 'Messages (simulator)',
      xLabel: 'members',
      yLabel: 'messages',
      isYLogarithmic: true,
      lines: [
        {
          name: 'idle, per member and second',
          points: counted.map((row) => [row.members, row.idleMessagesPerSecond]),
        },
        {
          name: 'one publish, of the whole mesh',
          points: counted.map((row) => [row.members, row.messagesPerPublish]),
        },
        {
          name: '5,000 publishes at once, of the whole mesh',
          points: counted.map((row) => [row.members, row.burstMessages]),
        },
      ],
    },
  ]);
  return { 'cost.md': page, 'cost.svg': svg };
}

function table(heads: readonly string[], rows: readonly Row[], fields: readonly string[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(heads),
    line(heads.map(() => '---:')),
    ...rows.map((row) => line(fields.map((field) => (row[field] ?? 0).toLocaleString('en')))),
  ].join('\n');
}
