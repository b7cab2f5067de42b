import { expect, it } from 'vitest';
import { SLICE_MS, Slice } from './slice.js';

it('a slice is over by the clock, and not before so many items are done', () => {
  let now = 100;
  const slice = new Slice(() => now, 2);
  now += 50;
  expect([slice.isOver, slice.isOver, slice.isOver]).toEqual([false, false, true]);
  const another = new Slice(() => now);
  expect([another.isOver, another.isOver]).toEqual([false, false]);
  now += SLICE_MS - 0.01;
  expect(another.isOver).toBe(false);
  now += 0.01;
  expect(another.isOver).toBe(true);
});
