import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Liveness, NO_LOAD } from './member.js';
import { ORDER_REASONS, orderReason } from './order-reason.js';
import { type Owner, ownerOrder } from './owner.js';

const OWNER = fc
  .record({
    member: fc.constantFrom('a', 'b', 'c', 'd'),
    sinceMs: fc.constantFrom(1, 2),
    silent: fc.boolean(),
    liveness: fc.constantFrom<Liveness>('alive', 'suspect', 'unreachable'),
    full: fc.boolean(),
    draining: fc.boolean(),
    zone: fc.constantFrom('east', 'west'),
    loadLevel: fc.constantFrom(0, 3),
  })
  .map(
    ({ member, sinceMs, silent, liveness, ...profile }): Owner => ({
      member,
      liveness,
      load: NO_LOAD,
      claim: claimOf('s', sinceMs, silent),
      profile: profileOf(member, profile),
    }),
  );

/** Whether the reason is true of two owners, told apart from the order itself. */
function holds(reason: keyof typeof ORDER_REASONS, first: Owner, second: Owner): boolean {
  switch (reason) {
    case 'flows':
      return first.claim.silent !== true && second.claim.silent === true;
    case 'alive':
      return first.liveness !== 'suspect' && second.liveness === 'suspect';
    case 'has-room':
      return second.profile.full === true;
    case 'reachable':
      return second.liveness === 'unreachable';
    case 'stays':
      return second.profile.draining;
    case 'zone':
      return first.profile.zone !== second.profile.zone;
    case 'load':
      return (first.profile.loadLevel ?? 0) < (second.profile.loadLevel ?? 0);
    case 'older-claim':
      return first.claim.sinceMs < second.claim.sinceMs;
    case 'lower-id':
      return first.member < second.member;
  }
}

it('is true of every two owners that are in order, whatever the policy and the zone', () => {
  fc.assert(
    fc.property(
      OWNER,
      OWNER,
      fc.constantFrom('primary' as const, 'spread' as const),
      fc.constantFrom(undefined, 'east'),
      (a, b, policy, zone) => {
        fc.pre(a.member !== b.member);
        const [first = a, second = b] = [a, b].sort(ownerOrder(policy, zone));
        const reason = orderReason(first, second, policy, zone);
        expect(holds(reason, first, second)).toBe(true);
        expect(ORDER_REASONS[reason]).toContain('{first}');
      },
    ),
  );
});
