import { describe, expect, it } from 'vitest';
import { TAKEOVER_STREAMS_MAX, TAKEOVER_WINDOW_MS, TAKEOVERS_MAX, TakeoverPace } from './takeover-pace.js';

const KEY = '__defaultVhost__/live/s';

/** A stream that changed hands so often, a second apart, beginning with its first claim at 0. */
function changed(times: number): TakeoverPace {
  const pace = new TakeoverPace();
  for (let hand = 0; hand <= times; hand += 1) pace.claimed(KEY, 1000 + hand, hand * 1000);
  return pace;
}

describe('TakeoverPace', () => {
  it(`lets a stream change hands ${TAKEOVERS_MAX} times within the window, and no more`, () => {
    expect(changed(0).allows(KEY, 5000)).toBe(true);
    expect(changed(TAKEOVERS_MAX - 1).allows(KEY, 5000)).toBe(true);
    expect(changed(TAKEOVERS_MAX).allows(KEY, 5000)).toBe(false);
    expect(changed(TAKEOVERS_MAX).allows('__defaultVhost__/live/other', 5000)).toBe(true);
  });

  it('counts a claim once, however often it is told, and none that is older', () => {
    const pace = changed(TAKEOVERS_MAX - 1);
    for (const sinceMs of [1000, 1001, 1002, 999]) pace.claimed(KEY, sinceMs, 4000);
    expect(pace.allows(KEY, 5000)).toBe(true);
  });

  it('is calm again once the window has passed', () => {
    const pace = changed(TAKEOVERS_MAX);
    expect(pace.allows(KEY, 1000 + TAKEOVER_WINDOW_MS)).toBe(true);
  });

  it('holds for as long as somebody keeps trying', () => {
    const pace = changed(TAKEOVERS_MAX);
    let nowMs = 5000;
    for (let tries = 0; tries < 100; tries += 1, nowMs += TAKEOVER_WINDOW_MS - 1) {
      expect(pace.allows(KEY, nowMs)).toBe(false);
    }
    expect(pace.allows(KEY, nowMs + 1)).toBe(true);
  });

  it('watches a bounded number of streams, those that changed hands last', () => {
    const pace = changed(TAKEOVERS_MAX);
    for (let stream = 0; stream < TAKEOVER_STREAMS_MAX; stream += 1) pace.claimed(`v/a/${stream}`, 1, 5000);
    expect(pace.size).toBe(TAKEOVER_STREAMS_MAX);
    expect(pace.allows(KEY, 5000)).toBe(true);
  });
});
