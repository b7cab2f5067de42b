import { setTimeout as delay } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { seededRandom } from '@headwater/testing/seeded-random';
import { needs } from '@headwater/testing/tools';
import { describe, expect, inject, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publishTee } from '../support/ffmpeg.js';
import { playWebSocket } from '../support/flv-client.js';
import { SampleOrder } from '../support/sample-order.js';
import { SampleTags } from '../support/sample-tags.js';
import { testScope } from '../support/scope.js';

/** More runs, or one again: FAILOVER_RUNS=20 FAILOVER_SEED=1234 npx vitest run test/e2e/exact-failover.test.ts */
const RUNS = Number(process.env.FAILOVER_RUNS ?? amount({ short: 2, long: 8 }));
const FIRST_SEED = Number(process.env.FAILOVER_SEED ?? Date.now() % 1_000_000);
/** Frames that are played before and after the owner's end. */
const FRAMES_BEFORE = { min: 30, spread: 40 } as const;
const FRAMES_AFTER = 60;
const FRAME_MS = 40;

const STREAM = 'live/exact';

describe('one encode on two owners, played from a third member by relay', needs('ffmpeg'), () => {
  for (let run = 0; run < RUNS; run += 1) {
    const seed = FIRST_SEED + run;
    const signal = run % 2 === 0 ? 'SIGKILL' : 'SIGSTOP';
    it(`comes frame by frame when the owner gets ${signal} (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const scope = testScope();
      const cluster = await Cluster.start(scope);
      const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
      publishTee(scope, [a.rtmpUrl(STREAM), b.rtmpUrl(STREAM)]);
      await awaitCondition('two owners', async () => (await c.ownerNames(STREAM)).length === 2);

      const overRtmp = play(scope, c.rtmpUrl(STREAM));
      const webSocket = playWebSocket(scope, c.wsUrl(STREAM));
      await overRtmp.played(FRAMES_BEFORE.min + Math.floor(random() * FRAMES_BEFORE.spread));
      // The moment within a frame is part of the seed; nothing is waited for.
      await delay(random() * FRAME_MS);
      const owner = c.logged('relay flows').at(-1)?.owner;
      const victim = owner === 'a' ? a : b;
      victim.signal(signal);

      await overRtmp.playsOn(FRAMES_AFTER);
      const { reader } = webSocket;
      const before = reader.pictures.length;
      await awaitCondition('the WebSocket player to play on', () => reader.pictures.length > before + 10, {
        progress: () => reader.pictures.length,
      });
      expect(new Set(c.logged('relay switched owner').map((line) => line.splice))).toEqual(
        new Set(['exact']),
      );
      expect(new SampleOrder().breaks(overRtmp.frames)).toEqual([]);
      expect(overRtmp.stepsBack).toEqual([]);
      const sample = new SampleTags(inject('sampleFlv'));
      expect(sample.pictureBreaks(reader)).toEqual([]);
      expect(sample.soundBreaks(reader)).toEqual([]);
      expect([overRtmp.isRunning, webSocket.end]).toEqual([true, null]);
    });
  }
});
