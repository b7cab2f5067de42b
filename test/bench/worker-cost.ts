import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { flag, whole, wholes } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { LoadProcess } from './load-process.js';
import { cpuTimeMs, shareMb } from './process-cost.js';
import { publishSample } from './sample-publisher.js';

const COPY_MEMORY = fileURLToPath(new URL('./copy-memory.js', import.meta.url));

/** CPU and memory of a member by its number of workers. Linux only: it reads /proc. */
export const workerCost = bench(
  'CPU and memory of a member by its number of workers: one hot stream, many small ones, an idle member',
  {
    workers: wholes('numbers of workers that are compared', { default: [1, 2] }),
    players: whole('players of the one hot stream', { default: 1000, min: 1 }),
    streams: whole('streams with one publisher and one player each', { default: 300, min: 1 }),
    seconds: whole('how long each is measured', { default: 10, min: 1 }),
    settle: whole(
      'seconds from the start of the load to the measurement: code that is new to a process is slow',
      {
        default: 20,
        min: 0,
      },
    ),
    turns: whole('how often each but the idle member is measured', { default: 3, min: 1 }),
    directory: whole('streams in the copy of the directory', { default: 100_000, min: 1 }),
    quick: flag('200 players, 60 streams, 5 s'),
  },
  async (_scope, values) => {
    const plan = values.quick
      ? { players: 200, streams: 60, seconds: 5, settle: values.settle }
      : { players: values.players, streams: values.streams, seconds: values.seconds, settle: values.settle };
    const byWorkers: Record<string, Record<string, object>> = {};
    for (const [name, cost] of Object.entries(COSTS)) {
      // In turns, since a machine is faster in one minute than in the next.
      const costs = values.workers.map((workers) => ({ workers, of: [] as Cost[] }));
      for (let turn = 0; turn < (name === 'idle' ? 1 : values.turns); turn += 1)
        for (const { workers, of } of costs) of.push(await within((scope) => cost(scope, workers, plan)));
      for (const { workers, of } of costs) byWorkers[workers] = { ...byWorkers[workers], [name]: told(of) };
    }
    const startOf8Ms = await within(startOf8);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      COPY_MEMORY,
      String(values.directory),
    ]);
    return {
      what: 'CPU of all processes of one member, % of a core, and ms for each player (or stream) and second; memory of all of them',
      reach: {
        hotTimes1: 1.1,
        smallTimes1: 1.4,
        idleCorePercent: 1.5,
        idleMb: 150,
        startOf8Ms: 3000,
        bytesPerStreamAndWorker: 400,
      },
      ...plan,
      byWorkers,
      startOf8Ms,
      copyOfTheDirectory: JSON.parse(stdout) as object,
    };
  },
);

/** On which core the member runs, and on which those that load it, as words before a command. */
interface Cores {
  readonly member: readonly string[];
  readonly load: readonly string[];
}

const ANY: Cores = { member: [], load: [] };
/**
 * What a second worker costs by itself. Where workers and load share two cores they are in each other's caches as well, which
 * one worker beside its load is not, and no machine with a core for each would be.
 */
const APART: Cores = { member: ['taskset', '-c', '0'], load: ['taskset', '-c', '1'] };

interface Plan {
  readonly players: number;
  readonly streams: number;
  readonly seconds: number;
  readonly settle: number;
}

interface Cost {
  /** Of a core. */
  readonly percent: number;
  readonly each: number;
  readonly memoryMb: number;
}

const COSTS = {
  idle,
  oneHotStream: (scope: Scope, workers: number, plan: Plan) => hot(scope, workers, plan, ANY),
  oneHotStreamOnOneCore: (scope: Scope, workers: number, plan: Plan) => hot(scope, workers, plan, APART),
  manySmall: small,
} as const;

/** The middle one by its cost, with the least and the most. */
function told(costs: readonly Cost[]): object {
  const sorted = [...costs].sort((a, b) => a.percent - b.percent);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return { ...middle, eachOfAll: sorted.map(({ each }) => each) };
}

async function start(
  scope: Scope,
  workers: number,
  within: readonly string[] = [],
): Promise<{ origin: OriginProcess; pids: readonly number[] }> {
  const config = {
    workers,
    log: { level: 'warn' },
    limits: { connectionsPerAddressMax: 100_000 },
  };
  const origin = await OriginProcess.spawn(scope, 'bench', config, { place: { host: '127.0.0.1', within } });
  await origin.ready();
  const self = (await origin.members()).find((member) => member.self);
  const pids = [origin.pid, ...(self?.workers ?? []).flatMap(({ pid }) => pid ?? [])];
  return { origin, pids };
}

/** What these processes take in that time, for each of so many players or streams, and what they hold at its end. */
async function costOf(pids: readonly number[], seconds: number, count: number): Promise<Cost> {
  const used = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0);
  const before = used();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const share = (used() - before) / (performance.now() - startMs);
  return {
    percent: round(share * 100),
    each: round((share * 1000) / count),
    memoryMb: pids.reduce((sum, pid) => sum + shareMb(pid), 0),
  };
}

/** From the start of the process of a member with eight workers to its readiness, ms. */
async function startOf8(scope: Scope): Promise<number> {
  const startMs = performance.now();
  await start(scope, 8);
  return Math.round(performance.now() - startMs);
}

async function idle(scope: Scope, workers: number, { seconds, settle }: Plan): Promise<Cost> {
  const { pids } = await start(scope, workers);
  await sleep(settle * 1000);
  return costOf(pids, seconds, 1);
}

async function hot(
  scope: Scope,
  workers: number,
  { players, seconds, settle }: Plan,
  { member, load }: Cores,
): Promise<Cost> {
  const { origin, pids } = await start(scope, workers, member);
  await publishSample(scope, origin.rtmpUrl('live/bench'));
  const port = origin.ports.rtmp;
  const order = { protocol: 'rtmp', port, app: 'live', stream: 'bench', players } as const;
  await LoadProcess.start(scope, order, { within: load });
  await sleep(settle * 1000);
  return costOf(pids, seconds, players);
}

async function small(scope: Scope, workers: number, { streams, seconds, settle }: Plan): Promise<Cost> {
  const { origin, pids } = await start(scope, workers);
  const order = {
    protocol: 'rtmp',
    port: origin.ports.rtmp,
    app: 'live',
    stream: 's*',
    players: streams,
  } as const;
  await LoadProcess.start(scope, order, { program: 'publishers' });
  await LoadProcess.start(scope, order);
  await sleep(settle * 1000);
  return costOf(pids, seconds, streams);
}

async function within<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
