import { describe, expect, it } from 'vitest';
import { CHECKERS_NOT_YET, isAsked, isDrawn, TROUBLES_NOT_YET } from './not-yet.js';
import { TROUBLES, type Trouble } from './plan.js';
import { runSeed, type SeedOptions } from './run-seed.js';

/** What is not stood shows within so many seeds. */
const SEEDS_MAX = 30;

/** The checkers that accuse, up to the first one that is asked for. */
function accusers(options: SeedOptions, isEnough: (checker: string) => boolean): string[] {
  const found: string[] = [];
  for (let seed = 1; seed <= SEEDS_MAX && !found.some(isEnough); seed += 1)
    found.push(...runSeed(seed, options).violations.map(({ checker }) => checker));
  return found;
}

describe('what the core is known not to stand yet', () => {
  it('is neither drawn by seeds nor asked, and all else is', () => {
    for (const trouble of TROUBLES) expect(isDrawn(trouble), trouble).toBe(!(trouble in TROUBLES_NOT_YET));
    for (const name of Object.keys(CHECKERS_NOT_YET)) expect(isAsked(name), name).toBe(false);
  });

  it.each(Object.entries(TROUBLES_NOT_YET) as [Trouble, string][])(
    'the trouble %s breaks a rule: else it comes off the list, and seeds draw it',
    (trouble) => {
      expect(accusers({ troubles: [trouble] }, () => true)).not.toEqual([]);
    },
  );

  it.each(Object.entries(CHECKERS_NOT_YET))(
    'the checker %s accuses: else it comes off the list, and is always asked',
    (checker, { shownBy }) => {
      const options = { troubles: [shownBy], isStrict: true };
      expect(accusers(options, (name) => name === checker)).toContain(checker);
    },
  );
});
