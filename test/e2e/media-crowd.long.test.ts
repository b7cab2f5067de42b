import { setTimeout as delay } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { residentMb } from '../bench/process-cost.js';
import { Cluster } from '../support/cluster.js';
import { Crowd } from '../support/crowd.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const CROWD = 200;
const MINUTE_MS = 60_000;
const SAMPLE_MS = 1000;
/** With the sample's own some 1.5 Mbit/s: what the kernel takes for a player is full well within the minute. */
const PADDING_BYTES = 6500;
/** Each stuck player might hold `play.queueBytesMax` of its own, 1.6 GB in all; shared as it is, it is nearly nothing. */
const GROWTH_MB_MAX = 100;

describe('a crowd that stops reading for a minute', needs('ffmpeg'), () => {
  it(`of ${CROWD} costs as many that read no frame, and the origin no memory`, {
    timeout: 180_000,
  }, async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a'] });
    const a = cluster.member(0);
    const source = new SampleSource(scope, { paddingBytes: PADDING_BYTES });
    await source.publish(a.rtmpUrl('live/crowd'));
    const readers = await Crowd.join(scope, a.ports.rtmp, 'live/crowd', CROWD);
    const stuck = await Crowd.join(scope, a.ports.rtmp, 'live/crowd', CROWD);
    await awaitCondition('all to play', () =>
      [...readers.pictureTimes, ...stuck.pictureTimes].every((times) => times.length >= 25),
    );

    stuck.stopReading();
    const residentMbs: number[] = [];
    for (const endMs = performance.now() + MINUTE_MS; performance.now() < endMs; ) {
      residentMbs.push(residentMb(a.pid));
      await delay(SAMPLE_MS);
    }

    const sent = source.pictureTimes.length;
    await awaitCondition('the readers to have what was sent', () =>
      readers.pictureTimes.every((times) => (times.at(-1) ?? 0) >= (source.pictureTimes[sent - 1] ?? 0)),
    );
    for (const times of readers.pictureTimes) {
      const from = source.pictureTimes.indexOf(times[0] ?? Number.NaN);
      expect(times).toEqual(source.pictureTimes.slice(from, from + times.length));
      expect(times.length).toBeGreaterThan((MINUTE_MS / 1000) * 25);
    }
    const [first = 0] = residentMbs;
    expect(Math.max(...residentMbs) - first, `MB: ${residentMbs.join()}`).toBeLessThan(GROWTH_MB_MAX);
    expect(readers.closed).toBe(0);
    // Each was found by itself and disconnected, with the reason.
    const ended = a.logged('player disconnected');
    expect([ended.length, new Set(ended.map(({ reason }) => reason))]).toEqual([CROWD, new Set(['stuck'])]);
  });
});
