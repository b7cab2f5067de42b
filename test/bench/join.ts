import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { flag, whole } from '../support/options.js';
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
const WARM_JOINS = 20;
/** How long a server is looked at before each of its rounds, for what it does without joins. */
const IDLE_MS = 500;
const UNREAD_JOINS = 200;
const REACH = {
  cpuMsOfTheGop: 0.3,
  moreMemoryMbOf200UnreadJoinersAt6Mb: 60,
} as const;

/** A server with a GOP of some size, and what its joins cost, ms of CPU each, round for round. */
interface Side {
  readonly server: MediaServer;
  readonly protocol: 'raw' | 'http-flv';
  readonly costs: number[];
}

interface Sides {
  readonly mb: number;
  readonly headwater: Side;
  readonly floor: Side;
}

/**
 * What a join costs the server by the size of the GOP that it is given: HTTP-FLV players that come one after the other,
 * read the whole GOP and go, beside a player that stays. The floor writes as many bytes to whoever connects, which is the
 * kernel's copying. What is over that and over a connection with hardly any GOP is what the GOP costs here: a difference of
 * four figures, so all sizes and both servers take turns in rounds, and none has the machine's quiet minute to itself. Then
 * the memory of joiners that never read. Linux only: it reads /proc.
 */
export const join = bench(
  'CPU and memory of joins of a stream whose GOP is large',
  {
    quick: flag('a quarter of the rounds'),
    rounds: whole('rounds, each of 50 joins for each size and server', { default: 12, min: 1 }),
  },
  async (scope, values) => {
    const rounds = values.quick ? Math.ceil(values.rounds / 4) : values.rounds;
    const all = await Promise.all(GOP_MB.map((mb) => sides(scope, mb)));
    // The first of them warm up what all share.
    for (const { mb, headwater, floor } of all)
      for (const side of [floor, headwater])
        for (let i = 0; i < WARM_JOINS; i += 1) await joinAndRead(portOf(side), mb * 1e6);
    for (let round = 0; round < rounds; round += 1)
      for (const { mb, headwater, floor } of round % 2 === 0 ? all : [...all].reverse()) {
        floor.costs.push(await joinCost(floor, mb * 1e6));
        headwater.costs.push(await joinCost(headwater, mb * 1e6));
      }
    const overFloor = ({ headwater, floor }: Sides) => mean(headwater.costs) - mean(floor.costs);
    const [hardlyAny] = all;
    const connectionMs = hardlyAny === undefined ? 0 : overFloor(hardlyAny);
    const byGop = all.map((size) => [
      `${size.mb} MB`,
      {
        headwater: told(size.headwater),
        floor: told(size.floor),
        cpuMsPerJoinOverFloor: rounded(overFloor(size)),
        cpuMsOfTheGop: rounded(overFloor(size) - connectionMs),
      },
    ]);
    return {
      what: 'CPU of the server per HTTP-FLV join, joins spread in time, and memory of joiners that do not read',
      reach: REACH,
      gopSeconds: GOP_SECONDS,
      mergeMs: MERGE_MS,
      joinEveryMs: JOIN_EVERY_MS,
      rounds,
      joinsPerRound: JOINS_PER_ROUND,
      byGop: Object.fromEntries(byGop),
      unread: await unread(6e6),
    };
  },
);

async function sides(scope: Scope, mb: number): Promise<Sides> {
  const [headwater, floor] = await Promise.all([
    startWithGop(scope, mb * 1e6),
    startJoinFloor(scope, mb * 1e6),
  ]);
  return {
    mb,
    headwater: { server: headwater, protocol: 'http-flv', costs: [] },
    floor: { server: floor, protocol: 'raw', costs: [] },
  };
}

const portOf = ({ server, protocol }: Side): number => server.ports[protocol] ?? 0;

/** CPU of the server per join, all of its threads, user and system. */
const told = ({ costs }: Side) => ({
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

/** One join after the other; what the server does without them is taken off. */
async function joinCost(side: Side, gopBytes: number): Promise<number> {
  const { pid } = side.server;
  const idleStartMs = performance.now();
  const idleStartCpuMs = cpuTimeMs(pid);
  await sleep(IDLE_MS);
  const startMs = performance.now();
  const startCpuMs = cpuTimeMs(pid);
  for (let i = 0; i < JOINS_PER_ROUND; i += 1) {
    await joinAndRead(portOf(side), gopBytes);
    await sleep(JOIN_EVERY_MS);
  }
  const idleShare = (startCpuMs - idleStartCpuMs) / (startMs - idleStartMs);
  return (cpuTimeMs(pid) - startCpuMs - idleShare * (performance.now() - startMs)) / JOINS_PER_ROUND;
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
