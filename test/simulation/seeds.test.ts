import { describe, expect, it } from 'vitest';
import { runSeed } from './run-seed.js';

/** Seeds of a normal test run; `npm run sim -- --seeds 10000` runs more. */
const SEEDS = 200;
const SEEDS_PER_TEST = 10;

describe('whole lives of a mesh', () => {
  it.each(Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, index) => 1 + index * SEEDS_PER_TEST))(
    'break no rule (seeds from %i on)',
    (first) => {
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1)
        expect(runSeed(seed).violations, `replay: npm run sim -- --seed ${seed}`).toEqual([]);
    },
  );

  it('are the same for the same seed', () => {
    const life = (): string[] => {
      const lines: string[] = [];
      runSeed(7, { trace: (line) => lines.push(line) });
      return lines;
    };
    const first = life();
    expect(first.length).toBeGreaterThan(100);
    expect(life()).toEqual(first);
  });
});
