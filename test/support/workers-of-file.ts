import { basename } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/**
 * Files whose members have media workers: what is shipped is 1, and by 2 clients meet that are on different ones. All
 * others run in one process, which starts sooner; `npm run test:long` runs them with 1 as well.
 */
const WORKERS_OF_FILE: Readonly<Record<string, number>> = {
  'drain.test.ts': 1,
  'exact-failover.test.ts': 1,
  'hot-backup.test.ts': 1,
  'process-end.test.ts': 1,
  'proxies.test.ts': 1,
  'publish-and-play.test.ts': 1,
  'tls.test.ts': 1,
  'full-member.test.ts': 2,
  'media-publisher-moves.test.ts': 2,
  'relay.test.ts': 2,
};

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
