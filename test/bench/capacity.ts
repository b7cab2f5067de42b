import { setTimeout as sleep } from 'node:timers/promises';
import { choices, wholes } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { CAN_PIN, onCore } from './cores.js';
import { spreadOf } from './figures.js';
import { LoadProcess } from './load-process.js';
import { type MediaServer, startHeadwater } from './media-servers.js';
import { cpuTimeMs, residentMb } from './process-cost.js';
import { publishSample } from './sample-publisher.js';

const PARTS = ['players', 'publishers'] as const;
const SETTLE_MS = 5_000;
const MEASURE_MS = 20_000;
/** A step is held where no player got nothing for longer. */
const GAP_MS = 1_000;
/** Answers of the API asked for in each step: they come from the media's own thread, as the mesh's messages do. */
const ASKED = 100;

interface Step {
  readonly held: boolean;
  readonly longestSilenceMs: number;
  readonly lost: number;
  readonly kbpsPerPlayer: number;
  readonly memberCorePercent: number;
  readonly memberResidentMb: number;
  readonly loadCorePercent: number;
  /** How long the member takes to answer a request beside all that. */
  readonly answerMs: { readonly p50Ms: number; readonly p99Ms: number };
}

type Steps = Record<string, Step>;

/** How many players, and how many publishers with one player each, a member serves from one core. Linux only. */
export const capacity = bench(
  'how many players, and how many publishers, a member serves from one core; Linux only',
  {
    players: wholes('steps of RTMP players of one stream', {
      default: [1000, 3000, 5000, 7000, 9000],
      min: 1,
    }),
    publishers: wholes('steps of publishers with one player each', { default: [100, 300, 500, 700], min: 1 }),
    merge: wholes('merge windows, ms', { default: [30, 350] }),
    only: choices('parts to run', PARTS, { default: PARTS }),
  },
  async (_scope, values) => {
    const figures: Record<string, object> = {};
    if (values.only.includes('players'))
      for (const mergeMs of values.merge)
        figures[`RTMP players of one stream, merge window ${mergeMs} ms`] = await withScope((scope) =>
          playersOf(scope, mergeMs, values.players),
        );
    if (values.only.includes('publishers'))
      figures['publishers, each with one RTMP player'] = await withScope((scope) =>
        publishersOf(scope, values.publishers),
      );
    return {
      what: 'what one core holds, ~577 kbit/s each; the member has a core of its own, players and publishers share another',
      isPinned: CAN_PIN,
      reach: { playersWithoutGap: 5_000, publishersWithoutGap: 500, gapMs: GAP_MS },
      ...figures,
    };
  },
);

async function playersOf(scope: Scope, mergeMs: number, counts: readonly number[]): Promise<Steps> {
  const server = await startHeadwater(scope, mergeMs, onCore(0));
  await publishSample(scope, `rtmp://127.0.0.1:${server.ports.rtmp}/live/bench`);
  const loads: LoadProcess[] = [];
  let players = 0;
  return steps(counts, async (count) => {
    const more = { protocol: 'rtmp', port: server.ports.rtmp ?? 0, app: 'live', stream: 'bench' } as const;
    loads.push(await LoadProcess.start(scope, { ...more, players: count - players }, { within: onCore(1) }));
    players = count;
    return measured(server, loads, loads, count);
  });
}

async function publishersOf(scope: Scope, counts: readonly number[]): Promise<Steps> {
  const server = await startHeadwater(scope, 30, onCore(0));
  const publishers: LoadProcess[] = [];
  const players: LoadProcess[] = [];
  let from = 0;
  return steps(counts, async (count) => {
    const port = server.ports.rtmp ?? 0;
    const more = { protocol: 'rtmp', port, app: 'live', stream: 'p*', players: count - from, from } as const;
    publishers.push(await LoadProcess.start(scope, more, { program: 'publishers', within: onCore(1) }));
    players.push(await LoadProcess.start(scope, more, { within: onCore(1) }));
    from = count;
    return measured(server, [...publishers, ...players], players, count);
  });
}

/** Up to the first that is not held, or does not even begin. */
async function steps(counts: readonly number[], step: (count: number) => Promise<Step>): Promise<Steps> {
  const done: Steps = {};
  for (const count of counts) {
    console.error(`${count}`);
    try {
      done[count] = await step(count);
    } catch (error) {
      console.error(`${count} did not all begin: ${(error as Error).message.split('\n', 1)[0]}`);
      break;
    }
    if (!done[count].held) break;
  }
  return done;
}

async function measured(
  server: Awaited<ReturnType<typeof startHeadwater>> & MediaServer,
  all: readonly LoadProcess[],
  players: readonly LoadProcess[],
  count: number,
): Promise<Step> {
  await sleep(SETTLE_MS);
  for (const load of all) load.reset();
  const startMs = performance.now();
  const cpu = (): number[] => [server.pid, ...all.map(({ pid }) => pid)].map(cpuTimeMs);
  const before = cpu();
  const answers = await answerTimes(server.origin.apiUrl('/healthz'));
  await sleep(Math.max(0, MEASURE_MS - (performance.now() - startMs)));
  const seconds = (performance.now() - startMs) / 1_000;
  const after = cpu();
  const [member = 0, ...loads] = after.map((ms, index) => (ms - (before[index] ?? 0)) / seconds / 10);
  const seen = await Promise.all(players.map((load) => load.report()));
  const longestSilenceMs = Math.round(Math.max(...seen.map((one) => one.longestSilenceMs)));
  const lost = seen.reduce((sum, one) => sum + one.closed, 0);
  const bytes = seen.reduce((sum, one) => sum + one.bytes, 0);
  return {
    held: longestSilenceMs <= GAP_MS && lost === 0,
    longestSilenceMs,
    lost,
    kbpsPerPlayer: Math.round((bytes * 8) / 1_000 / seconds / count),
    memberCorePercent: Math.round(member),
    memberResidentMb: residentMb(server.pid),
    loadCorePercent: Math.round(loads.reduce((sum, one) => sum + one, 0)),
    answerMs: answers,
  };
}

async function answerTimes(url: string): Promise<Step['answerMs']> {
  const times: number[] = [];
  for (let asked = 0; asked < ASKED; asked += 1) {
    const startMs = performance.now();
    await (await fetch(url)).text();
    times.push(performance.now() - startMs);
    await sleep(50);
  }
  const { p50Ms, p99Ms } = spreadOf(times);
  return { p50Ms, p99Ms };
}

async function withScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}
