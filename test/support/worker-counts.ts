/**
 * Files of test/e2e whose members have media workers in `npm test`: what is shipped is 1, and by 2 clients meet that are
 * on different ones. All others run in one process, which starts sooner.
 */
export const WORKERS_OF_FILE: Readonly<Record<string, number>> = {
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

/**
 * Files in which workers have no part: each member's are set by the test, or what is tested is the mesh, the
 * configuration, the folder of a member or the console, which are main's alone.
 */
const MAIN_ALONE = [
  'bad-config.test.ts',
  'console.test.ts',
  'console-player.test.ts',
  'demo.test.ts',
  'disks.test.ts',
  'haproxy.test.ts',
  'joining.test.ts',
  'mesh-conditions.test.ts',
  'mesh-faults.test.ts',
  'secure.test.ts',
  'workers.test.ts',
];

/**
 * What `npm run test:long` leaves out where it runs test/e2e again with one worker: it would tell nothing new, so these
 * run there with the same workers as in `npm test`. A file that is named nowhere here runs in one process in `npm test`
 * and with one worker there.
 */
export const NOT_AGAIN_WITH_WORKERS: readonly string[] = [...Object.keys(WORKERS_OF_FILE), ...MAIN_ALONE];
