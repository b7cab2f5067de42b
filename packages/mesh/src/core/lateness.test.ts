import { describe, expect, it } from 'vitest';
import { LATE_MAX_MS, Lateness } from './lateness.js';
import { TICK_MS } from './limits.js';

/** Ticks, each so much later than due. */
function afterTicks(...lateMs: readonly number[]): Lateness {
  const lateness = new Lateness(0);
  let now = 0;
  for (const ms of lateMs) {
    now += TICK_MS + ms;
    lateness.tick(now, null);
  }
  return lateness;
}
const times = (count: number, ms: number): number[] => Array<number>(count).fill(ms);

describe('Lateness', () => {
  it('is nothing, and nothing is told, where ticks come in time', () => {
    const lateness = afterTicks(...times(10, 1));
    expect(lateness.ms).toBeLessThanOrEqual(1);
    expect(lateness.told).toBeUndefined();
  });

  it('sees a loop that is late by 300 ms all the time', () => {
    expect(afterTicks(...times(25, 300)).told).toBeGreaterThan(280);
    expect(afterTicks(...times(25, 300)).told).toBeLessThanOrEqual(300);
  });

  it('makes little of one long standstill, and forgets it', () => {
    expect(afterTicks(60_000).ms).toBe(LATE_MAX_MS / 8);
    expect(afterTicks(60_000, ...times(20, 0)).told).toBeUndefined();
  });

  it('sees it by ticks asked for besides, and not by those that are due at once', () => {
    const lateness = new Lateness(0);
    lateness.tick(100, Number.NEGATIVE_INFINITY);
    expect(lateness.ms).toBe(0);
    lateness.tick(200, 120);
    expect(lateness.ms).toBe(10);
  });

  it('is told from 20 ms on', () => {
    expect(afterTicks(159).told).toBeUndefined();
    expect(afterTicks(160).told).toBe(20);
  });
});
