import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../support/free-port.js';
import { choices, whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { CAN_PIN, onCore } from './cores.js';
import { Inspector } from './inspector.js';
import { LoadProcess } from './load-process.js';
import { startHeadwater } from './media-servers.js';
import { cpuTimeMs, shareMb } from './process-cost.js';

const OPEN_INSPECTOR = new URL('./open-inspector.js', import.meta.url).href;
const PLAYERS = ['none', 'rtmp', 'http-flv'] as const;
const MERGE_MS = 30;
/** `relay.replayMs` as it is by default; a GOP of the sample is 1 s, so this is all that is kept. */
const REPLAY_SECONDS = 5;
/** Longer than anything is kept. */
const SETTLE_MS = 20_000;
/** Before anybody publishes. */
const IDLE_MS = 3_000;
const LOOK_EVERY_MS = 500;

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

interface Watched {
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly collections: Readonly<Record<string, { count: number; totalMs: number; longestMs: number }>>;
}

/** Run in the member: starts to watch its event loop and its collector. */
const WATCH = `{
  const { monitorEventLoopDelay, PerformanceObserver, constants } = process.getBuiltinModule('node:perf_hooks');
  const names = {
    [constants.NODE_PERFORMANCE_GC_MAJOR]: 'markCompact', [constants.NODE_PERFORMANCE_GC_MINOR]: 'scavenge',
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental', [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakCallbacks',
  };
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  const collections = {};
  new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries()) {
      const one = (collections[names[detail.kind]] ??= { count: 0, totalMs: 0, longestMs: 0 });
      one.count += 1;
      one.totalMs += duration;
      one.longestMs = Math.max(one.longestMs, duration);
    }
  }).observe({ entryTypes: ['gc'] });
  globalThis.headwaterBench = () => ({
    loopDelayMs: { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
    collections,
  });
}`;

/**
 * What a member holds for many publishers, beside the media that its configuration has it keep: the GOP and the replay
 * are the same bytes where both want them, and each byte counts once. Linux only: it reads /proc.
 */
export const publishers = bench(
  'memory, collector and event loop of a member with many publishers; Linux only',
  {
    publishers: whole('how many publishers', { default: 150, min: 1 }),
    kbps: whole('bit rate of each', { default: 1_900, min: 600 }),
    players: choices('players of each stream', PLAYERS, { default: ['none'] }),
    seconds: whole('measured for so long', { default: 20, min: 1 }),
    workers: whole('media workers; 0: all in one process', { default: 1, min: 0, max: 1 }),
  },
  async (_scope, { publishers: count, kbps, players, seconds, workers }) => {
    const figures: Record<string, object> = {};
    for (const protocol of players)
      figures[`players: ${protocol}`] = await measured(count, kbps, protocol, seconds, workers);
    return {
      what: `${count} RTMP publishers of ${kbps} kbit/s; the member has a core of its own; resident (Pss) and CPU of all its processes, the rest of the one that serves media`,
      workers,
      isPinned: CAN_PIN,
      reach: { residentTimesKept: 1.5 },
      ...figures,
    };
  },
);

async function measured(
  count: number,
  kbps: number,
  protocol: (typeof PLAYERS)[number],
  seconds: number,
  workers: number,
): Promise<object> {
  const scope = new Scope();
  try {
    const [inspectorPort = 0] = await freePorts(scope, 1);
    const environment = {
      NODE_OPTIONS: `--import ${OPEN_INSPECTOR}`,
      BENCH_INSPECT_PORT: String(inspectorPort),
      BENCH_INSPECT: workers > 0 ? 'worker' : 'main',
    };
    const server = await startHeadwater(scope, MERGE_MS, onCore(0), environment, workers);
    const self = (await server.origin.members()).find((member) => member.self);
    const pids = [server.pid, ...(self?.workers ?? []).flatMap(({ pid }) => pid ?? [])];
    const inspector = await Inspector.open(inspectorPort);
    scope.defer(() => inspector.close());
    await sleep(IDLE_MS);
    const idleMb = sum(pids.map(shareMb));
    const order = { app: 'live', stream: 'p*', players: count, kbps } as const;
    const rtmp = server.ports.rtmp ?? 0;
    const load = await LoadProcess.start(
      scope,
      { ...order, protocol: 'rtmp', port: rtmp },
      { program: 'publishers', within: onCore(1) },
    );
    if (protocol !== 'none') {
      const port = server.ports[protocol] ?? 0;
      await LoadProcess.start(scope, { ...order, protocol, port }, { within: onCore(1) });
    }
    await sleep(SETTLE_MS);
    await inspector.evaluate(WATCH);
    const startMs = performance.now();
    const startCpuMs = sum(pids.map(cpuTimeMs));
    const resident: number[] = [];
    const memory: Memory[] = [];
    while (performance.now() - startMs < seconds * 1_000) {
      await sleep(LOOK_EVERY_MS);
      resident.push(sum(pids.map(shareMb)));
      memory.push(await inspector.evaluate<Memory>('process.memoryUsage()'));
    }
    const corePercent = (sum(pids.map(cpuTimeMs)) - startCpuMs) / (performance.now() - startMs) / 0.01;
    const watched = await inspector.evaluate<Watched>('headwaterBench()');
    const { bytesOfLast, closed, longestSilenceMs } = await load.report();
    const keptMb = mb((bytesOfLast?.[REPLAY_SECONDS] ?? 0) * count);
    const meanMb = mean(resident);
    return {
      keptMb,
      residentMb: { idle: idleMb, mean: Math.round(meanMb), most: Math.max(...resident) },
      residentTimesKept: round(meanMb / keptMb),
      residentOverIdleTimesKept: round((meanMb - idleMb) / keptMb),
      heapUsedMb: mb(mean(memory.map(({ heapUsed }) => heapUsed))),
      heapTotalMb: mb(mean(memory.map(({ heapTotal }) => heapTotal))),
      arrayBuffersMb: {
        mean: mb(mean(memory.map(({ arrayBuffers }) => arrayBuffers))),
        most: mb(Math.max(...memory.map(({ arrayBuffers }) => arrayBuffers))),
      },
      corePercent: round(corePercent),
      loopDelayMs: rounded(watched.loopDelayMs),
      collections: Object.fromEntries(
        Object.entries(watched.collections).map(([kind, figures]) => [kind, rounded(figures)]),
      ),
      publishersLost: closed,
      publishersLateMs: round(longestSilenceMs),
    };
  } finally {
    await scope.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const mb = (bytes: number): number => round(bytes / 1_048_576);
const round = (value: number): number => Math.round(value * 100) / 100;
const rounded = (figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)]));
