import { setTimeout as sleep } from 'node:timers/promises';
import { MeshProcess, startMeshProcesses } from '../support/mesh-process.js';
import { monotonicMs } from '../support/monotonic.js';
import { choices, texts, whole, wholeOf, wholes } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { loopDelay } from './loop-delay.js';
import { routeRate } from './route-rate.js';

const CLAIMS = 200;
const BURST = 5000;
const MANY_STREAMS = 100_000;
const FILL_MS = 120_000;
const CHURN_MS = 10_000;

const PARTS = ['route', 'claims', 'join', 'churn', 'loop'] as const;

/** So many members that make so many claims a second together. */
interface Load {
  readonly members: number;
  readonly claimsPerSecond: number;
  readonly toString: () => string;
}

const loadOf = (members: number, claimsPerSecond: number): Load => ({
  members,
  claimsPerSecond,
  toString: () => `${members}:${claimsPerSecond}`,
});

function readLoad(name: string, written: string): Load {
  const [members = '', claimsPerSecond = ''] = written.split(':');
  return loadOf(wholeOf(name, members, 2), wholeOf(name, claimsPerSecond, 1));
}

/** What grows with members and streams: news, bursts, joining, memory, routing, and the event loop. Mesh only. */
export const scale = bench(
  'what grows with members and streams: news, bursts, joining, memory, routing, the event loop',
  {
    members: wholes('sizes of the mesh for `claims`', { default: [3, 10], min: 2 }),
    streams: whole('streams for `join`', { default: MANY_STREAMS, min: 1 }),
    churn: texts('meshes for `churn`', readLoad, {
      value: 'MEMBERS:CLAIMS/S,...',
      default: [loadOf(10, 300)],
    }),
    loop: texts('meshes for `loop`', readLoad, {
      value: 'MEMBERS:CLAIMS/S,...',
      default: [loadOf(30, 1000)],
    }),
    only: choices('parts to run', PARTS, { default: PARTS }),
  },
  async (_scope, values) => {
    const parts: readonly string[] = values.only;
    const figures: Record<string, unknown> = {};
    if (parts.includes('route')) figures.route = routeRate(MANY_STREAMS, 30);
    if (parts.includes('claims')) {
      for (const count of values.members) {
        figures[`claims, ${count} members`] = await withScope((scope) => claims(scope, count));
      }
    }
    if (parts.includes('join')) figures.join = await withScope((scope) => join(scope, values.streams));
    if (parts.includes('churn')) {
      for (const { members, claimsPerSecond } of values.churn) {
        figures[`all of ${members} members, ${claimsPerSecond} claims/s in all`] = await withScope((scope) =>
          churn(scope, members, claimsPerSecond),
        );
      }
    }
    for (const { members, claimsPerSecond } of parts.includes('loop') ? values.loop : []) {
      figures[`one of ${members} members, ${claimsPerSecond} claims/s in all`] = await withScope((scope) =>
        loopDelay(scope, members, claimsPerSecond),
      );
    }
    return {
      what: 'what grows with members and streams; loopback, processes with the mesh only',
      reach: {
        routesPerCpuSecond: 1_000_000,
        claimP99Ms: { 3: 10, 10: 50 },
        burstMs: 1000,
        joinMs: 2000,
        bytesPerStream: 1024,
        loopDelayP99Ms: 10,
      },
      ...figures,
    };
  },
);

async function claims(scope: Scope, count: number): Promise<object> {
  const members = await startMeshProcesses(scope, count);
  const times = await claimSeries(members);
  const fromOne = await burst(members, 'one', (member) => member === members[0]);
  const fromAll = await burst(members, 'all', () => true);
  return {
    'claim -> in every directory': spreadOf(times),
    [`${BURST} claims of one member at once -> all`]: fromOne,
    [`${BURST} claims of all members at once -> all`]: fromAll,
  };
}

/** From a lone claim, and from `BURST` at once by one member, to the last of these members' directories. */
export async function claimTimes(members: readonly MeshProcess[]) {
  const { p50Ms, p99Ms } = spreadOf(await claimSeries(members));
  const { tookMs, cpuMsOfAll } = await burst(members, 'one', (member) => member === members[0]);
  return { claimP50Ms: p50Ms, claimP99Ms: p99Ms, burstMs: tookMs, burstCpuMsOfAll: cpuMsOfAll };
}

async function claimSeries(members: readonly MeshProcess[]): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < CLAIMS; round += 1) {
    times.push(await claimOne(members, round));
    await sleep(10);
  }
  return times;
}

async function claimOne(members: readonly MeshProcess[], round: number): Promise<number> {
  const owner = members[round % members.length]!;
  const others = members.filter((member) => member !== owner);
  for (const member of members) member.forget();
  const key = `v/watched/s${round}`;
  owner.order({ kind: 'claim', keys: [key] });
  const [{ at }, ...told] = await Promise.all([
    owner.told('claimed', () => true),
    ...others.map((member) => member.told('owners', (news) => news.key === key)),
  ]);
  return Math.max(...told.map((news) => news.at)) - at;
}

/** From the first claim of `BURST` by those chosen to the moment when the last member has all. */
async function burst(
  members: readonly MeshProcess[],
  name: string,
  isOwner: (member: MeshProcess) => boolean,
): Promise<{ readonly tookMs: number; readonly cpuMsOfAll: number }> {
  const owners = members.filter(isOwner);
  const before = (await members[0]!.report()).streams;
  const each = Math.ceil(BURST / owners.length);
  for (const member of members) {
    member.forget();
    member.order({ kind: 'await-streams', count: before + each * owners.length });
  }
  for (const member of members) member.order({ kind: 'reset', loopDelay: false });
  for (const owner of owners) owner.order({ kind: 'claim', keys: keysOf(`${name}-${owner.name}`, each) });
  const claimed = await Promise.all(owners.map((owner) => owner.told('claimed', () => true)));
  const counted = await Promise.all(members.map((member) => member.told('counted', () => true, FILL_MS)));
  const tookMs = Math.max(...counted.map(({ at }) => at)) - Math.min(...claimed.map(({ at }) => at));
  const reports = await Promise.all(members.map((member) => member.report()));
  const cpuMs = reports.reduce((sum, report) => sum + report.cpuMs, 0);
  return { tookMs: Math.round(tookMs), cpuMsOfAll: Math.round(cpuMs) };
}

/** As long as real keys are: 40 characters. */
const keysOf = (prefix: string, count: number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `__defaultVhost__/live/${prefix}-${String(index).padStart(8, '0')}`,
  );

async function join(scope: Scope, streams: number): Promise<object> {
  const { ownerBytesPerStream, joinerBytesPerStream, ...figures } = await joinFigures(scope, streams);
  return {
    ...figures,
    'bytes per stream, member with a quarter of them its own': ownerBytesPerStream,
    'bytes per stream, member that joined': joinerBytesPerStream,
  };
}

async function joinFigures(scope: Scope, streams: number) {
  const owners = await startMeshProcesses(scope, 4, { exposeGc: true });
  const empty = await owners[0]!.report();
  const each = streams / owners.length;
  for (const owner of owners) {
    owner.order({ kind: 'await-streams', count: streams });
    owner.order({ kind: 'claim', keys: keysOf(owner.name, each) });
  }
  await Promise.all(owners.map((owner) => owner.told('counted', () => true, FILL_MS)));
  await sleep(1000);
  const full = await owners[0]!.report();
  const spawnedAt = monotonicMs();
  const joiner = await MeshProcess.spawn(scope, 'joiner', {
    seeds: [`127.0.0.1:${owners[0]!.port}`],
    exposeGc: true,
  });
  const { startedAt } = await joiner.listening();
  joiner.order({ kind: 'await-streams', count: streams });
  const { at } = await joiner.told('counted', () => true, FILL_MS);
  const joined = await joiner.report();
  const perStream = (bytes: number) => Math.round((bytes - empty.heapBytes) / streams);
  return {
    members: owners.length,
    streams,
    joinMs: Math.round(at - startedAt),
    joinFromSpawnMs: Math.round(at - spawnedAt),
    ownerBytesPerStream: perStream(full.heapBytes),
    joinerBytesPerStream: perStream(joined.heapBytes),
  };
}

/** How long a member needs that joins a mesh with so many streams, and what they cost it. */
export async function joinTime(scope: Scope, streams: number) {
  const { joinMs, joinerBytesPerStream } = await joinFigures(scope, streams);
  return { streams, joinMs, bytesPerStream: joinerBytesPerStream };
}

async function churn(scope: Scope, count: number, claimsPerSecond: number): Promise<object> {
  const members = await startMeshProcesses(scope, count);
  await sleep(2000);
  for (const member of members) member.order({ kind: 'reset', loopDelay: true });
  await sleep(CHURN_MS / 2);
  const idle = await Promise.all(members.map((member) => member.report()));
  for (const member of members) {
    member.order({ kind: 'churn', claimsPerSecond: claimsPerSecond / count });
    member.order({ kind: 'reset', loopDelay: true });
  }
  await sleep(CHURN_MS);
  const busy = await Promise.all(members.map((member) => member.report()));
  const cores = busy.reduce((sum, { cpuMs, elapsedMs }) => sum + cpuMs / elapsedMs, 0);
  return {
    coresUsedByAll: Math.round(cores * 100) / 100,
    coreShareOfOne: Math.round((cores / count) * 1000) / 1000,
    cpuMsPerClaimAndMember: Math.round(((cores * 1000) / count / claimsPerSecond) * 1000) / 1000,
    idleLoopDelayMs: worst(idle),
    loopDelayMs: worst(busy),
    note: 'delays include waiting for a core where all members together need more than there are',
  };
}

function worst(reports: readonly { readonly loopDelayMs: { p50: number; p99: number; max: number } }[]) {
  const of = (pick: 'p50' | 'p99' | 'max') =>
    Math.round(Math.max(...reports.map(({ loopDelayMs }) => loopDelayMs[pick])) * 100) / 100;
  const p99s = reports.map(({ loopDelayMs }) => loopDelayMs.p99).sort((a, b) => a - b);
  return {
    p50: of('p50'),
    p99: of('p99'),
    medianMemberP99: Math.round((p99s[p99s.length >> 1] ?? 0) * 100) / 100,
    max: of('max'),
  };
}

async function withScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}
