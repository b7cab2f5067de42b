import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { Cluster } from '../support/cluster.js';
import { whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { AFTER_PICTURES, BEFORE_MS, publishTwice, RUNS, TimedPlayer } from './failover-scene.js';
import { spreadOf } from './figures.js';

/**
 * A worker that has a publisher is killed, another member has the same encode: players of the member's other worker, and
 * of a member that relayed it from there.
 */
export const workerFailover = bench(
  'a worker that has the publisher is killed, a backup is on another member: the longest time without a picture, and what was lost',
  {
    runs: whole('how often a worker is killed', { default: RUNS, min: 1 }),
    players: whole('players of the member whose worker is killed, on all of its workers', {
      default: 6,
      min: 2,
    }),
  },
  async (scope, { runs, players }) => {
    const cluster = await Cluster.start(scope, {
      names: ['a', 'b', 'c'],
      config: { workers: 2, play: { mode: 'relay' }, log: { level: 'info', format: 'json' } },
    });
    const otherWorkersMs: number[] = [];
    const relaysMs: number[] = [];
    const breaks: string[] = [];
    for (let run = 0; run < runs; run += 1) {
      const inner = new Scope();
      try {
        const found = await killOnce(inner, cluster, `live/worker-${run}`, players);
        otherWorkersMs.push(...found.otherWorkersMs);
        relaysMs.push(...found.relaysMs);
        breaks.push(...found.breaks);
      } finally {
        await inner.close();
      }
      await awaitCondition('its workers to be there again, without publishers', async () =>
        (await cluster.member(0).workers()).every(
          ({ state, publishers }) => state === 'listening' && publishers === 0,
        ),
      );
    }
    return {
      what: 'kill -9 of the worker that has the publisher -> longest time without a picture at players of the same member on its other worker, and of a member that relayed it from there; breaks: pictures or sounds lost, doubled or out of order. Same encode on another member, loopback, 3 members of 2 workers each',
      reach: { otherWorkers: { p99Ms: 300 }, relays: { p99Ms: 300 }, breaks: 0 },
      runs,
      otherWorkers: spreadOf(otherWorkersMs),
      relays: spreadOf(relaysMs),
      breaks,
    };
  },
);

async function killOnce(
  scope: Scope,
  cluster: Cluster,
  stream: string,
  count: number,
): Promise<
  Record<'otherWorkersMs' | 'relaysMs', readonly number[]> & { readonly breaks: readonly string[] }
> {
  const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
  await publishTwice(scope, [a.rtmpUrl(stream), b.rtmpUrl(stream)], 'sameEncode');
  await awaitCondition('two owners', async () => (await c.ownerNames(stream)).length === 2);
  const owner = await a.publishingWorker();
  const here: TimedPlayer[] = [];
  for (let number = 0; number < count; number += 1) {
    here.push(await TimedPlayer.playing(scope, a.wsUrl(stream)));
  }
  const flows = c.logged('relay flows').length;
  const there = await TimedPlayer.playing(scope, c.wsUrl(stream));
  await awaitCondition('its relay to flow', () => c.logged('relay flows').length > flows);
  const isFromHere = c.logged('relay flows').at(-1)?.owner === 'a';
  await sleep(BEFORE_MS + Math.random() * 1000);
  const before = new Map([...here, there].map((player) => [player, player.arrivalsMs.length - 1]));
  process.kill(owner.pid ?? 0, 'SIGKILL');
  await awaitCondition('the players to go on', () =>
    [...before].every(
      ([player, arrivals]) => player.isClosed || player.arrivalsMs.length > arrivals + AFTER_PICTURES,
    ),
  );
  const kept = here.filter(({ isClosed }) => !isClosed);
  if (kept.length === 0) throw new Error(`${stream}: the other worker has no player`);
  const gapOf = (player: TimedPlayer) => player.longestGapMs(before.get(player) ?? 0);
  return {
    otherWorkersMs: kept.map(gapOf),
    relaysMs: isFromHere && !there.isClosed ? [gapOf(there)] : [],
    breaks: [...kept, there].flatMap((player) => player.breaks().map((text) => `${stream}: ${text}`)),
  };
}
