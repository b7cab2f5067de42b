import { describe, expect, it } from 'vitest';
import { ROSTER_INTERVAL_MS, ROSTER_QUIET_INTERVAL_MS } from './limits.js';
import { RosterPace } from './roster-pace.js';

/** The times of the next tellings, ms since the one before. */
function waits(
  pace: RosterPace,
  from: number,
  count: number,
): { readonly waits: number[]; readonly now: number } {
  const found: number[] = [];
  let now = from;
  let last = from;
  while (found.length < count) {
    now += 100;
    if (!pace.isDue(now)) continue;
    found.push(now - last);
    last = now;
    pace.told(now, 0.5);
  }
  return { waits: found, now };
}

describe('RosterPace', () => {
  it('slows down while nothing is new, to a bound', () => {
    const { waits: found } = waits(new RosterPace(0, 0.5), 0, 12);
    expect(found.slice(0, 3)).toEqual([500, 1000, 1500]);
    expect(found.at(-1)).toBe(ROSTER_QUIET_INTERVAL_MS);
  });

  it('is quick again as soon as somebody comes or goes', () => {
    const pace = new RosterPace(0, 0.5);
    const { now } = waits(pace, 0, 12);
    pace.hasten(now);
    expect(pace.isDue(now + ROSTER_INTERVAL_MS)).toBe(true);
    expect(waits(pace, now, 2).waits[1]).toBe(ROSTER_INTERVAL_MS);
  });

  it('waits for half as long to half as long again as planned, by chance', () => {
    for (const [random, ms] of [
      [0, 500],
      [0.9, 1_400],
    ] as const) {
      const pace = new RosterPace(0, 0);
      pace.told(100, random);
      expect([pace.isDue(99 + ms), pace.isDue(100 + ms)]).toEqual([false, true]);
    }
  });

  it('waits no longer than usual when somebody comes, and no shorter than planned', () => {
    const pace = new RosterPace(0, 0);
    for (let count = 0; count < 10; count += 1) pace.told(0, 0.5);
    pace.hasten(5_000);
    expect([pace.isDue(4_999 + ROSTER_INTERVAL_MS), pace.isDue(5_000 + ROSTER_INTERVAL_MS)]).toEqual([
      false,
      true,
    ]);
    pace.hasten(5_100);
    expect(pace.isDue(5_000 + ROSTER_INTERVAL_MS)).toBe(true);
  });
});
