import { defineConfig } from 'vitest/config';
import { HANG_MS } from './packages/testing/src/await-condition.js';
import { LONG_E2E } from './test/support/long-e2e.js';
import { SummaryReporter } from './test/support/summary-reporter.js';
import { NOT_AGAIN_WITH_WORKERS } from './test/support/worker-counts.js';

/** The last one stays where a mutation run is broken off. */
const NEVER = ['**/node_modules/**', '**/dist/**', '**/.stryker-tmp/**'];
/** Minutes, or dozens of processes: not in `npm test` but in `npm run test:long`. */
const LONG = ['**/*.long.test.ts'];
/** Do more of the same there (`amount` in packages/testing/src/long-run.ts), and need only the CPU. */
const LONGER_UNIT = [
  'packages/media/src/desks/play/play-desk.model.test.ts',
  'packages/media/src/stream/joining.model.test.ts',
  'packages/media/src/stream/switching.model.test.ts',
  'packages/mesh/src/core/convergence.model.test.ts',
  'packages/mesh/src/core/ghosts.model.test.ts',
  'packages/mesh/src/core/reachability.model.test.ts',
  'packages/mesh/src/wire/codec.test.ts',
  'test/simulation/seeds.test.ts',
  'test/simulation/weather.test.ts',
];
/** Does more there as well, and has the machine to itself then. */
const CHAOS = 'test/chaos/chaos.test.ts';
/** Long ones that may run beside another; all others have the machine to themselves. */
const LONG_BESIDE = ['test/e2e/exact-failover.test.ts', 'test/pack/pack.long.test.ts'];
/** What is tried before a release (docs/releasing.md): it judges frames of hundreds of connections, and wants a quiet machine. */
const UPGRADE = 'test/upgrade/**/*.long.test.ts';
const longRun = { env: { TEST_RUN: 'long' } };
/** What would take the time of other tests: runs alone, after all others. */
const ALONE = ['test/fuzz/fuzz.test.ts'];
/** Of `npm test`: members and players that wait for one another leave time to the tests that need only the CPU. */
const SIDE_BY_SIDE = { maxWorkers: 6, sequence: { groupOrder: 0 } };

/** Several things are awaited in a test, each up to its own deadline, whose failure tells more than this one's. */
const timeouts = {
  testTimeout: 5 * HANG_MS,
  hookTimeout: 5 * HANG_MS,
  expect: { poll: { timeout: HANG_MS, interval: 20 } },
};
const longTimeouts = { ...timeouts, testTimeout: 10 * HANG_MS, hookTimeout: 10 * HANG_MS };
const madeMedia = { globalSetup: ['test/support/made-media.ts'] };
const workersOfFile = { setupFiles: ['test/support/workers-of-file.ts'] };
/** What is built, packed into files that start sooner: `npm run test:long` runs the same files with what is built itself. */
const madeProgram = {
  globalSetup: [...madeMedia.globalSetup, 'test/support/made-program.ts'],
  setupFiles: [...workersOfFile.setupFiles, 'test/support/run-made-program.ts'],
};

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
          exclude: [...NEVER, ...LONG, ...ALONE, CHAOS, 'test/e2e/**'],
          ...timeouts,
          // Each file would load what it tests anew, which takes longer than most of them.
          isolate: false,
          ...SIDE_BY_SIDE,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', CHAOS],
          exclude: [...NEVER, ...LONG, ...LONG_E2E.map((name) => `test/e2e/${name}`), ...ALONE],
          ...timeouts,
          ...madeProgram,
          isolate: false,
          ...SIDE_BY_SIDE,
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
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'long-unit',
          include: LONGER_UNIT,
          exclude: NEVER,
          testTimeout: 10 * HANG_MS,
          ...longRun,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'long-workers',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...NEVER, ...LONG, ...ALONE, ...NOT_AGAIN_WITH_WORKERS.map((name) => `test/e2e/${name}`)],
          ...timeouts,
          ...madeMedia,
          ...workersOfFile,
          // As shipped.
          env: { ...longRun.env, HEADWATER_TEST_WORKERS: '1' },
          isolate: false,
          maxWorkers: 4,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'long-as-built',
          // With the others it is the project before that runs what is built.
          include: NOT_AGAIN_WITH_WORKERS.map((name) => `test/e2e/${name}`),
          exclude: [...NEVER, ...LONG_BESIDE],
          ...timeouts,
          ...madeMedia,
          ...workersOfFile,
          ...longRun,
          isolate: false,
          maxWorkers: 4,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'long',
          include: LONG_BESIDE,
          exclude: NEVER,
          ...longTimeouts,
          ...madeMedia,
          ...longRun,
          maxWorkers: 2,
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          name: 'long-alone',
          include: [...LONG, CHAOS],
          exclude: [...NEVER, ...LONG_BESIDE, UPGRADE],
          ...longTimeouts,
          ...madeMedia,
          ...longRun,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
      {
        test: {
          name: 'upgrade',
          include: [UPGRADE],
          exclude: NEVER,
          ...longTimeouts,
          ...madeMedia,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 7 },
        },
      },
    ],
  },
});
