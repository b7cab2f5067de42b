import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { flag, whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import type { WorkerOrder, WorkerTold } from './handover-order.js';
import { LoadProcess } from './load-process.js';
import { cpuTimeMs } from './process-cost.js';

const PROGRAM = fileURLToPath(new URL('./handover-worker.js', import.meta.url));
/** What an RTMP client has said by its play. */
const SAID = Buffer.alloc(3500, 7);
const WORKERS = 2;
/** Until all is compiled that runs often. */
const SETTLE_MS = 4000;

/**
 * Publishers on one worker of a member, and their players there as well or on the other one, which pulls: side by side, in
 * turn. And what it costs to hand a connection over to the worker that has the stream, once. Linux only: it reads /proc.
 */
export const handover = bench(
  'players on another worker than their publisher: by a pull, or by handing their connections over',
  {
    players: whole('players of the hot stream (300, or 100 with --quick)', { min: 1 }),
    streams: whole('streams with one player each (300, or 100 with --quick)', { min: 1 }),
    rounds: whole('how often each is measured, in turn (3, or 1 with --quick)', { min: 1 }),
    quick: flag('less of everything'),
  },
  async (scope, values) => {
    const players = values.players ?? (values.quick ? 100 : 300);
    const streams = values.streams ?? (values.quick ? 100 : 300);
    const rounds = values.rounds ?? (values.quick ? 1 : 3);
    const seconds = values.quick ? 4 : 8;
    const hot: Plan = { streams: 1, players, seconds };
    const lone: Plan = { streams, players: streams, seconds };
    return {
      what: 'CPU of both workers; sample of 577 kbit/s; play.mergeMs 30; loopback',
      rounds,
      hotStream: { players, ...(await sideBySide(hot, rounds)) },
      loneStreams: { streams, ...(await sideBySide(lone, rounds)) },
      handingOver: await handingOver(scope, values.quick ? 300 : 1000),
    };
  },
);

interface Plan {
  readonly streams: number;
  readonly players: number;
  readonly seconds: number;
}

/** CPU per player and second, ms: of each worker, where all is on one of them, and by a pull. */
async function sideBySide(plan: Plan, rounds: number): Promise<object> {
  const local: number[][] = [];
  const pulled: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    local.push(await withScope((scope) => costs(scope, plan, 0)));
    pulled.push(await withScope((scope) => costs(scope, plan, 1)));
  }
  const [one, two] = [local, pulled].map((each) => median(each.map((byWorker) => sum(byWorker))));
  return {
    cpuMsPerPlayerAndSecond: { onOneWorker: one, byPull: two },
    pullTimesOneWorker: round3((two ?? 0) / (one ?? 1)),
    byWorker: { onOneWorker: local, byPull: pulled },
  };
}

/** Of each worker. `playersOn`: the index of the worker that the players connect to; publishers connect to the first. */
async function costs(
  scope: Scope,
  { streams, players, seconds }: Plan,
  playersOn: number,
): Promise<number[]> {
  const workers = await startWorkers(scope);
  const [first, other = first] = workers;
  if (first === undefined || other === undefined) throw new Error('no workers');
  const target = playersOn === 0 ? first : other;
  const stream = streams === 1 ? 's' : 's*';
  const order = { protocol: 'rtmp', app: 'live', stream } as const;
  await LoadProcess.start(
    scope,
    { ...order, port: first.rtmpPort, players: streams },
    { program: 'publishers' },
  );
  const load = await LoadProcess.start(scope, { ...order, port: target.rtmpPort, players });
  await sleep(SETTLE_MS);
  load.reset();
  const before = workers.map(({ pid }) => cpuTimeMs(pid));
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const after = workers.map(({ pid }) => cpuTimeMs(pid));
  const tookS = (performance.now() - startMs) / 1000;
  const { closed } = await load.report();
  if (closed > 0) throw new Error(`${closed} players were lost`);
  return after.map((ms, at) => round3((ms - (before[at] ?? 0)) / players / tookS));
}

interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly rtmpPort: number;
  readonly doorPort: number;
}

async function startWorkers(scope: Scope): Promise<Worker[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hw-bench-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const paths = Array.from({ length: WORKERS }, (_, index) => join(folder, `${index + 1}.sock`));
  const children = paths.map((_, index) => {
    const order: WorkerOrder = { number: index + 1, paths };
    const child = fork(PROGRAM, [JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    scope.defer(() => child.kill('SIGKILL'));
    return child;
  });
  const [first] = children;
  for (const child of children) {
    child.on('message', (told: WorkerTold, socket: Socket | undefined) => {
      if (told.kind === 'claim') for (const other of children) if (other !== child) other.send(told);
      if (told.kind === 'handover' && socket !== undefined) first?.send(told, socket);
    });
  }
  return Promise.all(children.map(readyWorker));
}

function readyWorker(child: ChildProcess): Promise<Worker> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
    child.on('message', (told: WorkerTold) => {
      if (told.kind === 'ready') resolve({ ...told, child, pid: child.pid ?? 0 });
    });
  });
}

/** One connection after the other: answered by the worker that it came to, and by the other, which gets it through us. */
async function handingOver(scope: Scope, count: number): Promise<object> {
  const [first, other] = await startWorkers(scope);
  if (first === undefined || other === undefined) throw new Error('no workers');
  const pids = [first.pid, other.pid, process.pid];
  const at = async (port: number) => {
    const before = pids.map(cpuTimeMs);
    const timesMs: number[] = [];
    for (let index = 0; index < count; index += 1) timesMs.push(await answered(port));
    const cpuMs = sum(pids.map((pid, index) => cpuTimeMs(pid) - (before[index] ?? 0)));
    return { cpuMsEach: round3(cpuMs / count), answer: spreadOf(timesMs) };
  };
  await at(other.doorPort);
  const kept = await at(first.doorPort);
  const handed = await at(other.doorPort);
  return {
    what: 'a connection that said 3,500 bytes; from then on to the answer; CPU of both workers, their parent and client',
    kept,
    handed,
    cpuMsOfHandover: round3(handed.cpuMsEach - kept.cpuMsEach),
  };
}

function answered(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let startMs = 0;
    socket.on('error', reject);
    socket.on('connect', () => {
      startMs = performance.now();
      socket.write(SAID);
    });
    socket.once('data', () => {
      resolve(performance.now() - startMs);
      socket.destroy();
    });
  });
}

async function withScope<T>(run: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await run(scope);
  } finally {
    await scope.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const round3 = (value: number): number => Math.round(value * 1000) / 1000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return round3(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}
