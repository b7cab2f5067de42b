import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { flag } from '../support/options.js';
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
const UNREAD_JOINS = 200;
const REACH = {
  cpuMsOfTheGop: 0.3,
  moreMemoryMbOf200UnreadJoinersAt6Mb: 60,
} as const;

interface JoinCost {
  /** CPU of the server, all of its threads, user and system. */
  readonly cpuMsPerJoin: number;
  readonly joins: number;
}

/**
 * What a join costs the server by the size of the GOP that it is given: HTTP-FLV players that come one after the other,
 * read the whole GOP and go, beside a player that stays. The floor writes as many bytes to whoever connects, which is the
 * kernel's copying. What is over that and over a connection with hardly any GOP is what the GOP costs here. Then the memory
 * of joiners that never read. Linux only: it reads /proc.
 */
export const join = bench(
  'CPU and memory of joins of a stream whose GOP is large',
  { quick: flag('100 joins of each kind, not 400') },
  async (_scope, values) => {
    const joins = values.quick ? 100 : 400;
    const byGop: Record<string, object> = {};
    let connectionMs: number | null = null;
    for (const mb of GOP_MB) {
      const costs = await costsAt(mb * 1e6, joins);
      connectionMs ??= costs.cpuMsPerJoinOverFloor;
      byGop[`${mb} MB`] = { ...costs, cpuMsOfTheGop: round(costs.cpuMsPerJoinOverFloor - connectionMs) };
    }
    return {
      what: 'CPU of the server per HTTP-FLV join, joins spread in time, and memory of joiners that do not read',
      reach: REACH,
      gopSeconds: GOP_SECONDS,
      mergeMs: MERGE_MS,
      joinEveryMs: JOIN_EVERY_MS,
      byGop,
      unread: await unread(6e6),
    };
  },
);

async function costsAt(gopBytes: number, joins: number) {
  const floor = () =>
    within(async (scope) => {
      const server = await startJoinFloor(scope, gopBytes);
      return joinCost(server, 'raw', gopBytes, joins);
    });
  const floorBefore = await floor();
  const headwater = await within(async (scope) => {
    const server = await startWithGop(scope, gopBytes);
    return joinCost(server, 'http-flv', gopBytes, joins);
  });
  const floorAfter = await floor();
  const floorMs = (floorBefore.cpuMsPerJoin + floorAfter.cpuMsPerJoin) / 2;
  return {
    floorBefore,
    headwater,
    floorAfter,
    cpuMsPerJoinOverFloor: round(headwater.cpuMsPerJoin - floorMs),
  };
}

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
async function joinCost(
  { pid, ports }: MediaServer,
  protocol: 'raw' | 'http-flv',
  gopBytes: number,
  joins: number,
): Promise<JoinCost> {
  const port = ports[protocol] ?? 0;
  // The first of them warm up what all share.
  for (let i = 0; i < 20; i += 1) await joinAndRead(port, gopBytes);
  const startMs = performance.now();
  const startCpuMs = cpuTimeMs(pid);
  for (let i = 0; i < joins; i += 1) {
    await joinAndRead(port, gopBytes);
    await sleep(JOIN_EVERY_MS);
  }
  const joiningMs = performance.now() - startMs;
  const joiningCpuMs = cpuTimeMs(pid) - startCpuMs;
  const idleStartMs = performance.now();
  const idleStartCpuMs = cpuTimeMs(pid);
  await sleep(Math.min(joiningMs, 5000));
  const idleShare = (cpuTimeMs(pid) - idleStartCpuMs) / (performance.now() - idleStartMs);
  return { cpuMsPerJoin: round((joiningCpuMs - idleShare * joiningMs) / joins), joins };
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
    cpuMsPerJoin: round((cpuTimeMs(pid) - startCpuMs) / UNREAD_JOINS),
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

const round = (value: number) => Math.round(value * 1000) / 1000;
