import { describe, expect, it } from 'vitest';
import { isDrawn } from './not-yet.js';
import type { Trouble } from './plan.js';
import { runSeed } from './run-seed.js';

const HOUR_MS = 3_600_000;

/** What does not end: an hour of virtual time is some seconds. */
const WEATHER: readonly Trouble[] = ['long-paths', 'late-loops', 'slow-network'];

describe('an hour of', () => {
  it.each(WEATHER.filter(isDrawn))('%s breaks no rule, and nobody is declared dead', (trouble) => {
    const options = { troubles: [trouble], members: 5, stormMs: HOUR_MS };
    expect(
      runSeed(1, options).violations,
      `npm run sim -- --seed 1 --trouble ${trouble} --members 5 --minutes 60`,
    ).toEqual([]);
  });
});
