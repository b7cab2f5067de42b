import { seededRandom } from '@headwater/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { GENERATION_STEP_MAX, nextGeneration } from './generation.js';

describe('nextGeneration', () => {
  it.each([
    ['the clock, at the first start', 0, 5_000.9, 0.5, 5_000],
    ['the clock, where it went on', 4_999, 5_000.9, 0.5, 5_000],
    ['one more at least, in the same ms', 5_000, 5_000.9, 0, 5_001],
    ['one more at least, where the clock went back', 5_000, 3, 0, 5_001],
    ['a step at most, where the clock went back', 5_000, 3, 1 - 2 ** -53, 5_000 + GENERATION_STEP_MAX],
  ])('is %s', (_, last, now, random, generation) => {
    expect(nextGeneration(last, now, () => random)).toBe(generation);
  });

  it('is hardly ever the same of a member and a copy of it, where the clock went back', () => {
    const [own, copy] = [seededRandom(1), seededRandom(2)];
    const same = Array.from({ length: 10_000 }, () => nextGeneration(5_000, 3, own)).filter(
      (generation) => generation === nextGeneration(5_000, 3, copy),
    );
    expect(same.length).toBeLessThan(30);
  });
});
