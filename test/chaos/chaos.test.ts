import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { runSeed } from './run-seed.js';
import { violationsInWords } from './violations-in-words.js';

/**
 * Fixed, so that the faults are the same each time. In the first, encoders fall silent for as long as players would
 * notice, close in each of their ways, move to another member, and open without media.
 */
const SEEDS = amount({ short: [4], long: [4, 3, 6] });
/** A hang ends here; a run takes half a minute. */
const HANG_MS = 180_000;

describe('three members in a storm, seen by players of each protocol', () => {
  for (const seed of SEEDS) {
    it(`keep their promises (seed ${seed})`, { timeout: HANG_MS }, async () => {
      const { violations, lines, frames } = await runSeed(seed, { membersDie: false, hasFaults: true });
      if (violations.length > 0) console.error(lines.join('\n'));
      expect(violationsInWords(violations)).toEqual([]);
      expect(frames).toBeGreaterThan(0);
    });
  }
});
