import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { publishGop } from './gop-publisher.js';
import { LoadProcess } from './load-process.js';
import { type MediaServer, startHeadwater, startJoinFloor } from './media-servers.js';
import { cpuTimeMs, residentMb } from './process-cost.js';

/** The first is next to nothing: what a player costs that connects and is given no past to speak of. */
const GOP_MB = [0.01, 0.6, 2, 6] as const;
const GOP_SECONDS = 8;
const MERGE_MS = 30;
const JOIN_EVERY_MS = 20;
const JOINS_PER_ROUND = 50;
const ROUNDS = 4;
const WARM_JOINS = 20;
/** What a server does without joins varies from second to second, so it is looked at for long. */
const IDLE_MS = 3000;
const UNREAD_JOINS = 200;
const REACH = {
  cpuMsOfTheGop: 0.3,
  moreMemoryMbOf200UnreadJoinersAt6Mb: 60,
} as const;

/** A server, and what its joins cost, ms of CPU each, round for round. */
interface Side {
  readonly server: MediaServer;
  readonly protocol: 'raw' | 'http-flv';
  readonly costs: number[];
}

/** Costs of both servers with a GOP of some size. */
interface Costs {
  readonly headwater: number[];
  readonly floor: number[];
}

/**
 * What a join costs the server by the size of the GOP that it is given: HTTP-FLV players that come one after the other,
 * read the whole GOP and go, beside a player that stays. The floor writes as many bytes to whoever connects, which is the
 * kernel's copying. What is over that and over a connection with hardly any GOP is what the GOP costs here: a difference of
 * four figures, so sizes and servers take turns, and none has the machine's quiet minute to itself. Then the memory of
 * joiners that never read. Linux only: it reads /proc.
 */
export const join = bench(
  'CPU and memory of joins of a stream whose GOP is large',
  { turns: whole('turns of all sizes, each 4 times 50 joins of both servers', { default: 3, min: 1 }) },
  async (_scope, { turns }) => {
    const all = GOP_MB.map((mb) => ({ mb, costs: { headwater: [], floor: [] } satisfies Costs as Costs }));
    for (let turn = 0; turn < turns; turn += 1)
      for (const { mb, costs } of turn % 2 === 0 ? all : [...all].reverse())
        await within((scope) => takeTurn(scope, mb * 1e6, costs));
    const overFloor = ({ headwater, floor }: Costs) => mean(headwater) - mean(floor);
    const [hardlyAny] = all;
    const connectionMs = hardlyAny === undefined ? 0 : overFloor(hardlyAny.costs);
    const byGop = all.map(({ mb, costs }) => [
      `${mb} MB`,
      {
        headwater: told(costs.headwater),
        floor: told(costs.floor),
        cpuMsPerJoinOverFloor: rounded(overFloor(costs)),
        cpuMsOfTheGop: rounded(overFloor(costs) - connectionMs),
      },
    ]);
    return {
      what: 'CPU of the server per HTTP-FLV join, joins spread in time, and memory of joiners that do not read',
      reach: REACH,
      gopSeconds: GOP_SECONDS,
      mergeMs: MERGE_MS,
      joinEveryMs: JOIN_EVERY_MS,
      turns,
      joinsOfEach: turns * ROUNDS * JOINS_PER_ROUND,
      byGop: Object.fromEntries(byGop),
      unread: await unread(6e6),
    };
  },
);

/** Short, so that the GOP is not too old to be played yet. */
async function takeTurn(scope: Scope, gopBytes: number, { headwater, floor }: Costs): Promise<void> {
  const sides: readonly Side[] = [
    { server: await startJoinFloor(scope, gopBytes), protocol: 'raw', costs: floor },
    { server: await startWithGop(scope, gopBytes), protocol: 'http-flv', costs: headwater },
  ];
  // The first of them warm up what all share.
  for (const side of sides) for (let i = 0; i < WARM_JOINS; i += 1) await joinAndRead(portOf(side), gopBytes);
  const idle = await Promise.all(sides.map(({ server }) => idleShare(server.pid)));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [at, side] of sides.entries()) side.costs.push(await joinCost(side, gopBytes, idle[at] ?? 0));
}

const portOf = ({ server, protocol }: Side): number => server.ports[protocol] ?? 0;

/** CPU of the server per join, all of its threads, user and system. */
const told = (costs: readonly number[]) => ({
  cpuMsPerJoin: rounded(mean(costs)),
  leastRound: rounded(Math.min(...costs)),
  mostRound: rounded(Math.max(...costs)),
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** A member with a player that stays, so that the GOP is cached as it goes out. */
async function startWithGop(scope: Scope, gopBytes: number): Promise<MediaServer> {
  const server = await startHeadwater(scope, MERGE_MS);
  const published = publishGop(
    scope,
    `rtmp://127.0.0.1:${server.ports.rtmp}/live/bench`,
    gopBytes,
    GOP_SECONDS,
  );
  const port = server.ports['http-flv'] ?? 0;
  await LoadProcess.start(scope, { protocol: 'http-flv', port, app: 'live', stream: 'bench', players: 1 });
  await published;
  return server;
}

/** CPU that the server takes without joins, ms for each ms. */
async function idleShare(pid: number): Promise<number> {
  const startMs = performance.now();
  const startCpuMs = cpuTimeMs(pid);
  await sleep(IDLE_MS);
  return (cpuTimeMs(pid) - startCpuMs) / (performance.now() - startMs);
}

/** One join after the other. */
async function joinCost(side: Side, gopBytes: number, idle: number): Promise<number> {
  const { pid } = side.server;
  const startMs = performance.now();
  const startCpuMs = cpuTimeMs(pid);
  for (let i = 0; i < JOINS_PER_ROUND; i += 1) {
    await joinAndRead(portOf(side), gopBytes);
    await sleep(JOIN_EVERY_MS);
  }
  return (cpuTimeMs(pid) - startCpuMs - idle * (performance.now() - startMs)) / JOINS_PER_ROUND;
}

const SINK = Buffer.allocUnsafe(262_144);

function joinAndRead(port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let read = 0;
    const socket = connect({
      host: '127.0.0.1',
      port,
      onread: {
        buffer: SINK,
        callback: (count: number) => {
          read += count;
          if (read >= bytes) socket.destroy();
          return true;
        },
      },
    });
    socket.once('connect', () => socket.write(GET));
    socket.once('error', reject);
    socket.once('close', () =>
      read >= bytes ? resolve() : reject(new Error(`closed after ${read} bytes of ${bytes}`)),
    );
  });
}

async function unread(gopBytes: number): Promise<object> {
  const headwater = await within(async (scope) =>
    unreadCost(scope, await startWithGop(scope, gopBytes), 'http-flv', gopBytes),
  );
  const floor = await within(async (scope) =>
    unreadCost(scope, await startJoinFloor(scope, gopBytes), 'raw', gopBytes),
  );
  return { gopBytes, joiners: UNREAD_JOINS, headwater, floor };
}

async function unreadCost(
  scope: Scope,
  { pid, ports }: MediaServer,
  protocol: 'raw' | 'http-flv',
  gopBytes: number,
): Promise<object> {
  const port = ports[protocol] ?? 0;
  await joinAndRead(port, gopBytes);
  await sleep(1000);
  const beforeMb = residentMb(pid);
  const startCpuMs = cpuTimeMs(pid);
  const sockets: Socket[] = [];
  scope.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  let open = 0;
  for (let i = 0; i < UNREAD_JOINS; i += 1) {
    const socket = connect({ host: '127.0.0.1', port });
    sockets.push(socket.pause().on('error', () => {}));
    socket.once('connect', () => {
      open += 1;
      socket.write(GET);
    });
    await sleep(JOIN_EVERY_MS);
  }
  await awaitCondition('all joiners', () => open === UNREAD_JOINS);
  await sleep(500);
  const afterMb = residentMb(pid);
  return {
    beforeMb,
    afterMb,
    moreMb: afterMb - beforeMb,
    cpuMsPerJoin: rounded((cpuTimeMs(pid) - startCpuMs) / UNREAD_JOINS),
  };
}

const GET = 'GET /live/bench.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

async function within<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;
