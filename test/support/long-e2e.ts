/**
 * Files of test/e2e that are not in `npm test`, which is to take five minutes at most: whole deployments, and cases whose
 * rules have tests without processes. `npm run test:long` runs them, as they are shipped.
 */
export const LONG_E2E: readonly string[] = [
  'addresses.test.ts',
  'bad-input.test.ts',
  'balancer.test.ts',
  'disks.test.ts',
  'edges-and-drains.test.ts',
  'exact-failover.test.ts',
  'media-own-publisher.test.ts',
  'media-owner-faults.test.ts',
  'media-owners-go.test.ts',
  'mesh-conditions.test.ts',
  'obs.test.ts',
  'relay-through.test.ts',
  'relay-tree.test.ts',
  'stream-names.test.ts',
  'waiting-player.test.ts',
];
