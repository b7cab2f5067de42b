import { describe, expect, it } from 'vitest';
import { type Leeway, leewayOf } from './leeway.js';

const asRow = ({ confirmMs, refusalMs, silenceMs, deadMs }: Leeway): number[] => [
  confirmMs,
  refusalMs,
  silenceMs,
  deadMs,
];

describe('leewayOf', () => {
  // The table at the head of the function.
  it.each([
    [null, 0, 0, [2_000, 500, 0, 0]],
    [5, 0, 0, [1_000, 500, 0, 0]],
    [400, 0, 0, [2_400, 1_200, 0, 0]],
    [500, 0, 0, [3_000, 1_500, 400, 2_800]],
    [600, 0, 0, [3_600, 1_800, 600, 4_000]],
    [5_000, 0, 0, [10_000, 10_000, 5_000, 4_000]],
    [5, 300, 0, [1_600, 1_100, 300, 300]],
    [600, 300, 0, [2_400, 1_500, 300, 300]],
    [5, 0, 300, [1_600, 1_100, 300, 300]],
    [5, 1e9, 1e9, [5_000, 4_500, 2_000, 2_000]],
  ])('on a path of %s ms to a member late by %i ms, from one late by %i ms', (trip, peer, own, row) => {
    expect(asRow(leewayOf(trip, peer, own))).toEqual(row);
  });
});
