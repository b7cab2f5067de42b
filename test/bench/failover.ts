import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { Cluster } from '../support/cluster.js';
import { whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import {
  AFTER_PICTURES,
  BEFORE_MS,
  type Encodes,
  publishTwice,
  RUNS,
  TimedPlayer,
} from './failover-scene.js';
import { spreadOf } from './figures.js';

/** How an owner ends: killed, hung, or its encoder sends nothing any more while both stay connected. */
const ENDS = ['kill', 'silent', 'hung'] as const;
type End = (typeof ENDS)[number];
const SIGNAL = { kill: 'SIGKILL', hung: 'SIGSTOP' } as const;

/**
 * A stream on two owners, of one encode and of two, and a player on a third member by WebSocket: its longest time without a
 * picture from just before the end of the owner that it is relayed from, and what was lost or doubled.
 */
export const failover = bench(
  'an owner of a relayed stream ends: the longest time without a picture at a player, and what was lost',
  { runs: whole('how often each owner ends in each way', { default: RUNS, min: 1 }) },
  async (scope, values) => {
    const cluster = await Cluster.start(scope, { config: { log: { level: 'info', format: 'json' } } });
    const figures: Record<Encodes, Record<string, object>> = { sameEncode: {}, differentEncodes: {} };
    for (const encodes of ['sameEncode', 'differentEncodes'] as const) {
      for (const end of ENDS) {
        const gapsMs: number[] = [];
        const breaks: string[] = [];
        for (let run = 0; run < values.runs; run += 1) {
          const inner = new Scope();
          try {
            const stream = `live/${encodes}-${end}-${run}`;
            const { gapMs, found } = await failoverOnce(inner, cluster, stream, encodes, end);
            gapsMs.push(gapMs);
            breaks.push(...found);
          } finally {
            await inner.close();
          }
          await heal(cluster);
        }
        figures[encodes][end] = { gap: spreadOf(gapsMs), breaks };
      }
    }
    return {
      what: 'owner of a relayed stream ends -> longest time without a picture at the player, other owner there, loopback, 3 members; breaks: pictures or sounds lost, doubled or out of order (different encodes: timestamps that go back)',
      reach: {
        sameEncode: { kill: { p99Ms: 300 }, silent: { p99Ms: 1500 }, hung: { p99Ms: 1500 }, breaks: 0 },
        differentEncodes: {
          what: 'beside the time to the next keyframe that can be had',
          kill: { maxMs: 500 },
          silent: { maxMs: 2000 },
          hung: { maxMs: 2000 },
        },
      },
      ...figures,
    };
  },
);

async function failoverOnce(
  scope: Scope,
  cluster: Cluster,
  stream: string,
  encodes: Encodes,
  end: End,
): Promise<{ readonly gapMs: number; readonly found: readonly string[] }> {
  const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
  const outputs = await publishTwice(scope, [a.rtmpUrl(stream), b.rtmpUrl(stream)], encodes);
  await awaitCondition('two owners', async () => (await c.ownerNames(stream)).length === 2);
  const player = await TimedPlayer.playing(scope, c.wsUrl(stream));
  await sleep(BEFORE_MS + Math.random() * 1000);
  const index = c.logged('relay flows').at(-1)?.owner === 'a' ? 0 : 1;
  const before = player.arrivalsMs.length - 1;
  if (end === 'silent') outputs.silence(index);
  else [a, b][index]?.signal(SIGNAL[end]);
  const seen = player.reader.pictures.length;
  await awaitCondition('the player to go on', () => player.reader.pictures.length > seen + AFTER_PICTURES);
  const found = encodes === 'sameEncode' ? player.breaks() : player.stepsBack();
  return { gapMs: player.longestGapMs(before), found: found.map((text) => `${stream}: ${text}`) };
}

/** Brings the owner back, and waits until all are connected and nothing is owned. */
async function heal(cluster: Cluster): Promise<void> {
  for (const member of cluster.members) {
    member.signal('SIGCONT');
    if (member.exit === null && (await Promise.race([member.exited, sleep(200, null)])) === null) continue;
    member.restart();
  }
  await cluster.whole();
}
