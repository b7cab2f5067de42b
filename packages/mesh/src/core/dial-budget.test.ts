import { describe, expect, it } from 'vitest';
import { DialBudget } from './dial-budget.js';
import { DIALS_AHEAD_MAX, DIALS_AHEAD_URGENT, DIALS_PER_SECOND_MAX } from './limits.js';

/** How many go out at one moment. */
function drain(budget: DialBudget, isUrgent: boolean, now: number): number {
  let count = 0;
  while (budget.take(isUrgent, now)) count += 1;
  return count;
}

describe('DialBudget', () => {
  it('lets some go ahead, and keeps a share of them for urgent ones', () => {
    const budget = new DialBudget(1_000);
    expect(drain(budget, false, 1_000)).toBe(DIALS_AHEAD_MAX - DIALS_AHEAD_URGENT);
    expect(drain(budget, true, 1_000)).toBe(DIALS_AHEAD_URGENT);
    expect(drain(budget, true, 2_000)).toBe(DIALS_PER_SECOND_MAX);
  });

  it('keeps what is dialled for long within the limit, and shows it', () => {
    const budget = new DialBudget(0);
    drain(budget, true, 0);
    let count = 0;
    for (let now = 0; now < 60_000; now += 200) count += drain(budget, true, now);
    expect(count).toBeLessThanOrEqual(60 * DIALS_PER_SECOND_MAX);
    expect(budget.perSecond(60_000)).toBeCloseTo(DIALS_PER_SECOND_MAX, 0);
    expect(budget.perSecond(80_000)).toBe(0);
  });

  it('gathers no more than that in a quiet time', () => {
    const budget = new DialBudget(0);
    expect(drain(budget, true, 3_600_000)).toBe(DIALS_AHEAD_MAX);
  });

  it('shows what went out within the last ten seconds', () => {
    const budget = new DialBudget(0);
    expect(budget.perSecond(0)).toBe(0);
    budget.take(true, 1_000);
    budget.take(true, 2_000);
    expect([2_000, 10_999, 11_000, 12_000].map((now) => budget.perSecond(now))).toEqual([0.2, 0.2, 0.1, 0]);
  });
});
