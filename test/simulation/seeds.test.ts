import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { isDrawn } from './not-yet.js';
import { TROUBLES } from './plan.js';
import { runSeed } from './run-seed.js';

/** `npm run sim -- --seeds 10000` runs more. */
const SEEDS = amount({ short: 6, long: 120 });
/** Few, so that each has its deadline for itself. */
const SEEDS_PER_TEST = amount({ short: 2, long: 5 });

/** They failed once, as lives were drawn then; what they showed has tests of its own. */
const SEEDS_OF_OLD = [777002299, 1414, 20513, 1500341, 1501229];

/** How often each kind of trouble is met alone. */
const SEEDS_PER_TROUBLE = amount({ short: 1, long: 3 });

describe('whole lives of a mesh', () => {
  it.each(Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, index) => 1 + index * SEEDS_PER_TEST))(
    'break no rule (seeds from %i on)',
    (first) => {
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1)
        expect(runSeed(seed).violations, `replay: npm run sim -- --seed ${seed}`).toEqual([]);
    },
  );

  it.each(SEEDS_OF_OLD)('break no rule (seed %i)', (seed) => {
    expect(runSeed(seed).violations).toEqual([]);
  });

  it.each(TROUBLES.filter(isDrawn))('break no rule with %s alone', (trouble) => {
    for (let seed = 1; seed <= SEEDS_PER_TROUBLE; seed += 1)
      expect(
        runSeed(seed, { troubles: [trouble] }).violations,
        `replay: npm run sim -- --seed ${seed} --trouble ${trouble}`,
      ).toEqual([]);
  });

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
