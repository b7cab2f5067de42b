import { describe, expect, it } from 'vitest';
import { BroadcastPace } from './broadcast-pace.js';
import { BROADCAST_SPACING_MAX_MS, BROADCASTS_AHEAD, BROADCASTS_PER_SECOND } from './limits.js';

/** When broadcasts go out of a member that always has something to say, beside others that do too. */
function sentTimes(others: number, forMs: number, batchMs = 3): number[] {
  const pace = new BroadcastPace(batchMs);
  const times: number[] = [];
  for (let now = 0; now < forMs; now += 1) {
    for (let index = 0; index < others; index += 1) pace.heard(`m${index}`, now);
    if (now < pace.nextAt) continue;
    pace.sent(now);
    times.push(now);
  }
  return times;
}

describe('BroadcastPace', () => {
  it.each([1, 2, 3, 10, 20])('keeps what %i members send together within the limit', (members) => {
    const seconds = 10;
    const each = sentTimes(members - 1, seconds * 1_000).length - BROADCASTS_AHEAD - 1;
    expect((members * each) / seconds).toBeLessThanOrEqual(BROADCASTS_PER_SECOND + 1e-9);
  });

  it('lets a few go ahead, batchMs apart', () => {
    expect(sentTimes(9, 100).slice(0, BROADCASTS_AHEAD)).toEqual([0, 3, 6].slice(0, BROADCASTS_AHEAD));
  });

  it('makes news wait no longer than a bound, whatever the number of members', () => {
    const times = sentTimes(200, 5_000);
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(BROADCAST_SPACING_MAX_MS + 1);
  });

  it('gives credit back after a quiet time', () => {
    const pace = new BroadcastPace(3);
    for (let now = 0; now < 100; now += 1) {
      pace.heard('m', now);
      if (now >= pace.nextAt) pace.sent(now);
    }
    pace.sent(2_000);
    expect(pace.nextAt).toBe(2_003);
  });

  it('never goes below a configured batchMs', () => {
    expect(sentTimes(1, 2_000, 400)).toEqual([0, 400, 800, 1_200, 1_600]);
  });

  it('counts who spoke within the last half second', () => {
    const pace = new BroadcastPace(3);
    pace.heard('m', 1_000);
    pace.heard('n', 1_100);
    pace.heard('m', 1_200);
    expect(pace.speakers).toBe(2);
    pace.sent(1_600);
    expect(pace.speakers).toBe(2);
    pace.sent(1_601);
    expect(pace.speakers).toBe(1);
    pace.sent(1_701);
    expect(pace.speakers).toBe(0);
  });

  it('is the slower the more members speak', () => {
    const gap = (others: number): number | undefined => {
      const times = sentTimes(others, 1_000);
      const [before = 0, last = 0] = times.slice(-2);
      return last - before;
    };
    // 60 a second of all of them.
    expect([2, 5, 11].map(gap)).toEqual([50, 100, 200]);
  });
});
