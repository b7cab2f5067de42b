import { basename } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { WORKERS_OF_FILE } from './worker-counts.js';

/** Gives each file of test/e2e its workers; HEADWATER_TEST_WORKERS gives all of them so many. */
const given = process.env.HEADWATER_TEST_WORKERS;

// Hooks of files come after this one.
// biome-ignore lint/correctness/noEmptyPattern: vitest wants a pattern there.
beforeAll(({}, { file }) => {
  const workers = given ?? WORKERS_OF_FILE[basename(file.filepath)] ?? 0;
  process.env.HEADWATER_TEST_WORKERS = String(workers);
});
afterAll(() => {
  if (given === undefined) delete process.env.HEADWATER_TEST_WORKERS;
});
