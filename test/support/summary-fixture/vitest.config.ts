import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../summary-reporter.js';

/** A run of its own, in which everything goes wrong that can: see summary-reporter.test.ts. */
export default defineConfig({
  test: { reporters: [new SummaryReporter()], include: ['*.fixture.ts'], pool: 'forks', maxWorkers: 1 },
});
