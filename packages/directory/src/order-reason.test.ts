import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Liveness, NO_LOAD } from './member.js';
import { ORDER_REASONS, type OrderReason, orderReason } from './order-reason.js';
import { type Owner, type OwnerPolicy, ownerOrder } from './owner.js';
import { type OwnerTraits, ownerOf } from './testing/owner-of.js';

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

describe('the reason', () => {
  /** What is true of the second alone, all of it with what comes further down. */
  const WORSE: OwnerTraits = { draining: true, zone: 'west', loadLevel: 1, sinceMs: 2 };

  it.each<[OrderReason, OwnerTraits, OwnerTraits, OwnerPolicy, string | undefined]>([
    ['flows', {}, { ...WORSE, silent: true, liveness: 'suspect', full: true }, 'primary', 'east'],
    ['alive', {}, { ...WORSE, liveness: 'suspect', full: true }, 'primary', 'east'],
    ['has-room', {}, { ...WORSE, liveness: 'unreachable', full: true }, 'primary', 'east'],
    ['reachable', {}, { ...WORSE, liveness: 'unreachable' }, 'primary', 'east'],
    ['stays', { zone: 'east' }, WORSE, 'spread', 'east'],
    ['zone', { zone: 'east', loadLevel: 2, sinceMs: 2 }, { zone: 'west' }, 'spread', 'east'],
    ['zone', { zone: 'east', sinceMs: 2 }, {}, 'primary', 'east'],
    ['load', { zone: 'west', sinceMs: 2 }, { zone: 'east', loadLevel: 1 }, 'spread', undefined],
    ['load', { zone: 'east', loadLevel: 1, sinceMs: 2 }, { zone: 'east', loadLevel: 2 }, 'spread', 'east'],
    ['older-claim', { zone: 'west' }, { zone: 'east', sinceMs: 2 }, 'primary', undefined],
    ['older-claim', {}, { zone: 'east', sinceMs: 2 }, 'primary', undefined],
    ['older-claim', { loadLevel: 2 }, { loadLevel: 1, sinceMs: 2 }, 'primary', 'east'],
    ['older-claim', {}, { sinceMs: 2, loadLevel: 0 }, 'spread', undefined],
    ['lower-id', {}, {}, 'spread', 'east'],
    ['lower-id', { loadLevel: 2 }, { loadLevel: 1 }, 'primary', undefined],
  ])('is %s: %j before %j, by %s in zone %s', (reason, first, second, policy, zone) => {
    const [a, b] = [ownerOf('a', first), ownerOf('b', second)];
    expect([b, a].sort(ownerOrder(policy, zone))).toEqual([a, b]);
    expect(orderReason(a, b, policy, zone)).toBe(reason);
  });

  it('can be told to people, whichever it is', () => {
    for (const text of Object.values(ORDER_REASONS)) expect(text).toContain('{first}');
  });
});
