import { expect, it } from 'vitest';
import { WarningPace } from './warning-pace.js';

it('tells a warning at once, and then no sooner than planned', () => {
  const pace = new WarningPace(1_000);
  expect([0, 1, 999, 1_000, 1_999, 2_000].filter((now) => pace.take(now))).toEqual([0, 1_000, 2_000]);
});

it('tells a warning once where it never comes again', () => {
  const pace = new WarningPace(Number.POSITIVE_INFINITY);
  expect([5, 6, 1e12].filter((now) => pace.take(now))).toEqual([5]);
});
