import { setTimeout as sleep } from 'node:timers/promises';
import { LongPaths, type LongPathsWeather } from '../support/long-paths.js';
import { type MeshProcess, startMeshOnHosts } from '../support/mesh-process.js';
import { whole } from '../support/options.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';

/** Half a second of round trip, and every fiftieth packet lost. */
const WEATHER: LongPathsWeather = { oneWayMs: 250, loss: 0.02, seed: 1 };

const CLAIMS_PER_RESET = 50;
/** Longer than the time between two heartbeats of a link: each connection has something to be reset for. */
const RESET_MS = 1000;

interface LongPathsSeen {
  /** Live members that others took for dead, as `who of whom`. */
  readonly deaths: readonly string[];
  readonly suspicions: number;
  readonly claims: number;
  /** How often all connections were reset. */
  readonly resets: number;
  /** From a claim until all others list it, ms, in the order of the claims. */
  readonly arrivalsMs: readonly number[];
}

/** Whether anybody takes a live member for dead on long paths that lose packets, through resets of all connections. Mesh only. */
export const longPaths = bench(
  'a mesh over paths of half a second that lose every fiftieth packet: deaths of live members; needs root, Linux and socat',
  {
    members: whole('processes with the mesh only, each on a host of its own', { default: 5, min: 2 }),
    minutes: whole('for so long', { default: 10, min: 1 }),
  },
  async (scope, { members, minutes }) => {
    const endMs = performance.now() + minutes * 60_000;
    const seen = await watch(scope, members, () => performance.now() >= endMs);
    const { deaths, suspicions, claims, resets, arrivalsMs } = seen;
    return {
      what: `${members} members in network namespaces, ${minutes} minutes, round trip ${2 * WEATHER.oneWayMs} ms, ${WEATHER.loss * 100} % of the packets lost each way; all connections reset after each fiftieth claim`,
      reach: { deaths: 0 },
      deaths: deaths.length,
      whom: deaths,
      suspicions,
      claims,
      resets,
      claimEverywhere: spreadOf(arrivalsMs),
    };
  },
);

/**
 * A real mesh over long paths that lose packets: its members claim streams in turn, each of which all others come to list, and
 * after each fiftieth claim all connections are reset. Until `isOver`, which is asked before each claim.
 */
async function watch(scope: Scope, count: number, isOver: () => boolean): Promise<LongPathsSeen> {
  const paths = await LongPaths.open(scope, count, WEATHER);
  const members = await startMeshOnHosts(scope, paths, count);
  for (const member of members) member.forget();
  const arrivalsMs: number[] = [];
  let resets = 0;
  for (let round = 0; !isOver(); round += 1) {
    if (round > 0 && round % CLAIMS_PER_RESET === 0) {
      paths.resetConnections();
      await sleep(RESET_MS);
      paths.forgetConnections();
      resets += 1;
    }
    arrivalsMs.push(await claimed(members, round));
  }
  const told = members.flatMap((member) =>
    member.all('member').map((news) => ({ ...news, by: member.name })),
  );
  return {
    deaths: told.filter(({ liveness }) => liveness === 'dead').map(({ by, name }) => `${by} of ${name}`),
    suspicions: told.filter(({ liveness }) => liveness === 'suspect').length,
    claims: arrivalsMs.length,
    resets,
    arrivalsMs,
  };
}

/** One of them claims a stream. Resolves once all others list it. */
async function claimed(members: readonly MeshProcess[], round: number): Promise<number> {
  const owner = members[round % members.length];
  if (owner === undefined) throw new Error('no members');
  const key = `v/watched/long-${round}`;
  const startMs = performance.now();
  owner.order({ kind: 'claim', keys: [key] });
  const listed = members.map((member) =>
    member.told('owners', (news) => news.key === key && news.owners.join() === owner.name),
  );
  await Promise.all(listed);
  const tookMs = performance.now() - startMs;
  for (const member of members) member.forget('owners');
  return tookMs;
}
