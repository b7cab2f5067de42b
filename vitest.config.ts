import { defineConfig } from 'vitest/config';
import { HANG_MS } from './packages/testing/src/await-condition.js';
import { SummaryReporter } from './test/support/summary-reporter.js';

const NEVER = ['**/node_modules/**', '**/dist/**'];
/** Minutes, or dozens of processes: not in `npm test` but in `npm run test:long`. */
const LONG = ['**/*.long.test.ts'];
/** What would take the time of other tests: each runs alone, after all others. */
const ALONE = [
  'test/fuzz/**/*.test.ts',
  'test/chaos/chaos.test.ts',
  'test/e2e/clients.test.ts',
  'test/e2e/demo.test.ts',
];

/** Several things are awaited in a test, each up to its own deadline, whose failure tells more than this one's. */
const timeouts = { testTimeout: 5 * HANG_MS, hookTimeout: 5 * HANG_MS };
const madeMedia = { globalSetup: ['test/support/made-media.ts'] };

// One group after the other, so that the processes of one do not eat up the time of another.
export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    pool: 'forks',
    teardownTimeout: HANG_MS,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...NEVER, ...LONG, ...ALONE, 'test/e2e/**'],
          ...timeouts,
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...NEVER, ...LONG, ...ALONE],
          ...timeouts,
          ...madeMedia,
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          exclude: [...NEVER, ...LONG],
          ...timeouts,
          ...madeMedia,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'long',
          include: LONG,
          exclude: NEVER,
          testTimeout: 10 * HANG_MS,
          hookTimeout: 10 * HANG_MS,
          ...madeMedia,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
