import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../summary-reporter.js';

const { FIXTURES, SILENCE_MS } = process.env;

/** A run of its own, in which everything goes wrong that can: see summary-reporter.test.ts. */
export default defineConfig({
  test: {
    reporters: [new SummaryReporter(SILENCE_MS === undefined ? {} : { silenceMs: Number(SILENCE_MS) })],
    include: [FIXTURES ?? '*.fixture.ts'],
    pool: 'forks',
    maxWorkers: 1,
  },
});
