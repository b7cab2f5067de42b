import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { isDrawn } from './not-yet.js';
import type { Trouble } from './plan.js';
import { runSeed } from './run-seed.js';

/** An hour of virtual time is some seconds. */
const MINUTES = amount({ short: 5, long: 60 });

/** What does not end. */
const WEATHER: readonly Trouble[] = ['long-paths', 'late-loops', 'slow-network'];

describe(`${MINUTES} minutes of`, () => {
  it.each(WEATHER.filter(isDrawn))('%s breaks no rule, and nobody is declared dead', (trouble) => {
    const options = { troubles: [trouble], members: 5, stormMs: MINUTES * 60_000 };
    expect(
      runSeed(1, options).violations,
      `npm run sim -- --seed 1 --trouble ${trouble} --members 5 --minutes ${MINUTES}`,
    ).toEqual([]);
  });
});
