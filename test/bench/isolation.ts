import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { whole } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { LoadProcess } from './load-process.js';
import { publishSample } from './sample-publisher.js';

const ASK_EVERY_MS = 50;
const SETTLE_MS = 5000;
const JOIN_SECONDS = 5;

/** Loaded into the member's main process: how late its event loop was, told on stderr at SIGURG, and counted anew. */
const LOOP_WATCH = `
if (process.argv[2] === 'origin') {
  const { monitorEventLoopDelay } = await import('node:perf_hooks');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('SIGURG', () => {
    const ms = (ns) => Math.round(ns / 1e4) / 100;
    const told = { p50Ms: ms(delay.percentile(50)), p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max) };
    process.stderr.write('LOOP ' + JSON.stringify(told) + '\\n');
    delay.reset();
  });
}
`;

/** What mesh and API notice of media: publishers that take what CPU there is, and clients that come all the time. */
export const isolation = bench(
  'loop delay of the mesh, answers of the API and joins, while workers take all CPU that there is',
  {
    workers: whole('media workers', { default: 2, min: 0 }),
    publishers: whole('publishers', { default: 500, min: 1 }),
    joins: whole('clients a second that connect', { default: 200, min: 1 }),
    seconds: whole('how long it is measured', { default: 15, min: 1 }),
  },
  async (scope, { workers, publishers, joins, seconds }) => {
    const key = 'of the bench of isolation, 32 bytes and more';
    const other = await OriginProcess.spawn(scope, 'other', { workers: 0, mesh: { key } });
    const origin = await OriginProcess.spawn(
      scope,
      'bench',
      {
        workers,
        log: { level: 'info' },
        mesh: { key, seeds: [other.seed] },
        limits: { connectionsPerAddressMax: 100_000 },
      },
      {
        environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(LOOP_WATCH)}` },
      },
    );
    await Promise.all([origin.ready(), other.ready()]);
    await LoadProcess.start(
      scope,
      { protocol: 'rtmp', port: origin.ports.rtmp, app: 'live', stream: 's*', players: publishers },
      { program: 'publishers' },
    );
    await sleep(SETTLE_MS);
    await loopOf(origin);
    const api = await asked(origin, seconds);
    const loop = await loopOf(origin);
    await publishSample(scope, origin.rtmpUrl('live/joined'));
    const own = monitorEventLoopDelay({ resolution: 5 });
    own.enable();
    const joinedAll = await joined(scope, origin, joins);
    own.disable();
    const suspects = [...origin.logged('member suspect'), ...other.logged('member suspect')].length;
    return {
      what: 'main process of a member with publishers, loopback; the load itself takes of the same cores',
      reach: { loopDelayP99Ms: 20, apiP99Ms: 20, suspicions: 0, firstFrameP95Ms: 100 },
      workers,
      publishers,
      loopDelayOfMain: loop,
      api: spreadOf(api),
      suspicions: suspects,
      joinsPerSecond: joins,
      toFirstByte: spreadOf(joinedAll.map(({ answeredMs }) => answeredMs)),
      handshakeToFirstFrame: spreadOf(joinedAll.map(({ firstFrameMs }) => firstFrameMs)),
      // What the measuring process adds by itself.
      loopDelayOfBenchP95Ms: Math.round(own.percentile(95) / 1e5) / 10,
      loadOfMachine: loadavg()[0],
    };
  },
);

async function loopOf(origin: OriginProcess): Promise<object> {
  const before = lines(origin).length;
  origin.signal('SIGURG');
  await awaitCondition('the loop delay', () => lines(origin).length > before);
  return JSON.parse(lines(origin).at(-1)?.slice('LOOP '.length) ?? '{}') as object;
}

const lines = ({ stderr }: OriginProcess) => stderr.filter((line) => line.startsWith('LOOP '));

async function asked(origin: OriginProcess, seconds: number): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    await origin.members();
    times.push(performance.now() - start);
    await sleep(ASK_EVERY_MS);
  }
  return times;
}

interface Joined {
  /** From the connection to the first byte: the way to a worker, and its first turn. */
  readonly answeredMs: number;
  readonly firstFrameMs: number;
}

/** Each client that has a frame leaves. */
async function joined(scope: Scope, origin: OriginProcess, perSecond: number): Promise<readonly Joined[]> {
  const times: Promise<Joined>[] = [];
  const startMs = performance.now();
  for (let count = 0; count < perSecond * JOIN_SECONDS; count += 1) {
    const dueMs = startMs + (count * 1000) / perSecond;
    if (performance.now() < dueMs) await sleep(dueMs - performance.now());
    times.push(join(scope, origin));
  }
  return Promise.all(times);
}

async function join(scope: Scope, origin: OriginProcess): Promise<Joined> {
  const start = performance.now();
  const socket = connect({ host: '127.0.0.1', port: origin.ports.rtmp });
  socket.on('error', () => {});
  scope.defer(() => void socket.destroy());
  // By events: to look at thousands of clients all the time would take more than to serve them.
  await once(socket, 'connect');
  const client = new RtmpClient(socket);
  let answeredMs: number | null = null;
  const frame = new Promise<number>((resolve) => {
    socket.on('data', () => {
      answeredMs ??= performance.now() - start;
      if (client.messages.some(({ type }) => type === 9)) resolve(performance.now() - start);
    });
  });
  await handshake(client, socket);
  const app = { app: 'live', type: 'nonprivate', tcUrl: `rtmp://127.0.0.1:${origin.ports.rtmp}/live` };
  client.command(0, 'connect', 1, app);
  client.command(0, 'createStream', 2, null);
  client.play('joined');
  const firstFrameMs = await withDeadline('a frame', frame);
  socket.destroy();
  return { answeredMs: answeredMs ?? Number.NaN, firstFrameMs };
}

async function handshake(client: RtmpClient, socket: Socket): Promise<void> {
  const c1 = Buffer.alloc(1536, 0x55).fill(0, 0, 8);
  client.write(Buffer.concat([Buffer.from([3]), c1]));
  while (!client.isShaken) await once(socket, 'data');
  client.write(c1);
}
