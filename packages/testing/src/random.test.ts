import { describe, expect, it } from 'vitest';
import { Random } from './random.js';

describe('Random', () => {
  it('is xoshiro128**: worked out by hand from its definition for the state 1, 2, 3, 4', () => {
    const random = new Random(0, [1, 2, 3, 4]);
    expect([random.next(), random.next(), random.next()]).toEqual([11_520, 0, 5_927_040]);
  });

  it('gives the same for the same seed, another for another, and is spread evenly', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 4_000 }, () => random.fraction());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const quarters = [0, 0, 0, 0];
    for (const value of draw(7)) quarters[Math.floor(value * 4)]! += 1;
    for (const count of quarters) expect(Math.abs(count - 1_000)).toBeLessThan(100);
  });

  it('picks by weight, in bounds, and shuffles without loss', () => {
    const random = new Random(1);
    const picked = Array.from({ length: 1_000 }, () =>
      random.weighted([
        [9, 'often'],
        [1, 'rare'],
      ]),
    );
    expect(Math.abs(picked.filter((one) => one === 'rare').length - 100)).toBeLessThan(40);
    const wholes = new Set(Array.from({ length: 200 }, () => random.whole(3, 5)));
    expect([...wholes].sort()).toEqual([3, 4, 5]);
    expect(random.shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(random.pick([])).toBeUndefined();
    expect(() => random.oneOf([])).toThrow(RangeError);
    expect(new Set(Array.from({ length: 200 }, () => random.oneOf(['a', 'b'])))).toEqual(new Set(['a', 'b']));
  });

  it('gives each of many things a source of its own', () => {
    const first = (seed: number, index: number) => Random.forIndex(seed, index).next();
    const seen = Array.from({ length: 1_000 }, (_, index) => first(index % 10, Math.floor(index / 10)));
    expect(new Set(seen).size).toBe(1_000);
    expect(first(3, 4)).toBe(first(3, 4));
  });
});
