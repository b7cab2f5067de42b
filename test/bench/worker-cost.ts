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
const SETTLE_MS = 3000;
/** What starts works for longer than what is under load takes to be so. */
const IDLE_SETTLE_MS = 20_000;

/** CPU and memory of a member by its number of workers. Linux only: it reads /proc. */
export const workerCost = bench(
  'CPU and memory of a member by its number of workers: one hot stream, many small ones, an idle member',
  {
    workers: wholes('numbers of workers that are compared', { default: [1, 2] }),
    players: whole('players of the one hot stream', { default: 1000, min: 1 }),
    streams: whole('streams with one publisher and one player each', { default: 300, min: 1 }),
    seconds: whole('how long each is measured', { default: 10, min: 1 }),
    directory: whole('streams in the copy of the directory', { default: 100_000, min: 1 }),
    quick: flag('200 players, 60 streams, 5 s'),
  },
  async (_scope, values) => {
    const plan = values.quick
      ? { players: 200, streams: 60, seconds: 5 }
      : { players: values.players, streams: values.streams, seconds: values.seconds };
    const byWorkers: Record<string, object> = {};
    for (const workers of values.workers) {
      byWorkers[workers] = {
        idle: await within((scope) => idle(scope, workers, plan.seconds)),
        oneHotStream: await within((scope) => hot(scope, workers, plan)),
        manySmall: await within((scope) => small(scope, workers, plan)),
      };
    }
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      COPY_MEMORY,
      String(values.directory),
    ]);
    return {
      what: 'CPU of all processes of one member, ms per player (or stream) and second; memory of all of them',
      reach: {
        hotTimes1: 1.1,
        smallTimes1: 1.4,
        idleCorePercent: 1.5,
        idleMb: 150,
        bytesPerStreamAndWorker: 400,
      },
      ...plan,
      byWorkers,
      copyOfTheDirectory: JSON.parse(stdout) as object,
    };
  },
);

interface Plan {
  readonly players: number;
  readonly streams: number;
  readonly seconds: number;
}

async function start(
  scope: Scope,
  workers: number,
): Promise<{ origin: OriginProcess; pids: readonly number[] }> {
  const origin = await OriginProcess.spawn(scope, 'bench', {
    workers,
    log: { level: 'warn' },
    limits: { connectionsPerAddressMax: 100_000 },
  });
  await origin.ready();
  const self = (await origin.members()).find((member) => member.self);
  const pids = [origin.pid, ...(self?.workers ?? []).flatMap(({ pid }) => pid ?? [])];
  return { origin, pids };
}

/** CPU of these processes in that time, ms a second, and what they hold at its end. */
async function costOf(
  pids: readonly number[],
  seconds: number,
): Promise<{ cpuMs: number; memoryMb: number }> {
  const used = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0);
  const before = used();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const cpuMs = ((used() - before) / (performance.now() - startMs)) * 1000;
  return { cpuMs, memoryMb: pids.reduce((sum, pid) => sum + shareMb(pid), 0) };
}

async function idle(scope: Scope, workers: number, seconds: number): Promise<object> {
  const { pids } = await start(scope, workers);
  await sleep(IDLE_SETTLE_MS);
  const { cpuMs, memoryMb } = await costOf(pids, seconds);
  return { corePercent: round(cpuMs / 10), memoryMb };
}

async function hot(scope: Scope, workers: number, { players, seconds }: Plan): Promise<object> {
  const { origin, pids } = await start(scope, workers);
  await publishSample(scope, origin.rtmpUrl('live/bench'));
  const port = origin.ports.rtmp;
  await LoadProcess.start(scope, { protocol: 'rtmp', port, app: 'live', stream: 'bench', players });
  await sleep(SETTLE_MS);
  const { cpuMs, memoryMb } = await costOf(pids, seconds);
  return { cpuMsPerPlayerAndSecond: round(cpuMs / players), memoryMb };
}

async function small(scope: Scope, workers: number, { streams, seconds }: Plan): Promise<object> {
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
  await sleep(SETTLE_MS);
  const { cpuMs, memoryMb } = await costOf(pids, seconds);
  return { cpuMsPerStreamAndSecond: round(cpuMs / streams), memoryMb };
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
