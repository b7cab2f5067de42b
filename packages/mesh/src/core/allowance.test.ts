import { expect, it } from 'vitest';
import { Allowance } from './allowance.js';

it('allows so many per second, and a second at once', () => {
  const allowance = new Allowance(10);
  const taken = (now: number): number =>
    Array.from({ length: 30 }, () => allowance.take(now)).filter(Boolean).length;
  expect(taken(1_000)).toBe(10);
  expect(taken(1_100)).toBe(1);
  expect(taken(60_000)).toBe(10);
});
