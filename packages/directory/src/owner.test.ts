import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Directory } from './directory.js';
import type { MemberProfile } from './member.js';
import { OwnLog } from './own-log.js';
import { type Owner, type OwnerPolicy, ownerOrder, ownerThrough } from './owner.js';
import { ownerOf } from './testing/owner-of.js';

it('is the same owner when it is pulled through another member, also as a view of the directory', () => {
  const owner = ownerOf('a');
  const view: Owner = Object.create(owner);
  expect(ownerThrough(view, 'm')).toEqual({ ...owner, through: 'm' });
  expect(ownerThrough(ownerThrough(view, 'm'), null)).toEqual({ ...owner, through: null });
});

const ordered = (owners: readonly Owner[], policy: OwnerPolicy, zone?: string): string =>
  [...owners]
    .sort(ownerOrder(policy, zone))
    .map(({ member }) => member)
    .join(' ');

const LOADED = [
  ownerOf('busy', { sinceMs: 1, loadLevel: 5 }),
  ownerOf('idle', { sinceMs: 2 }),
  ownerOf('half', { sinceMs: 3, loadLevel: 3 }),
];
const ZONED = [
  ownerOf('far', { sinceMs: 1, zone: 'west', loadLevel: 1 }),
  ownerOf('near', { sinceMs: 2, zone: 'east', loadLevel: 4 }),
  ownerOf('near-too', { sinceMs: 3, zone: 'east', loadLevel: 2 }),
  ownerOf('nowhere', { sinceMs: 0, loadLevel: 3 }),
];

describe('the order of owners', () => {
  it.each<[string, readonly Owner[], OwnerPolicy, string | undefined, string]>([
    ['the oldest claim', LOADED, 'primary', undefined, 'busy idle half'],
    ['the least loaded', LOADED, 'spread', undefined, 'idle half busy'],
    [
      'the oldest of the least loaded',
      LOADED.map((one) => ({ ...one, profile: profileOf(one.member) })),
      'spread',
      undefined,
      'busy idle half',
    ],
    ['the oldest in the own zone', ZONED, 'primary', 'east', 'near near-too nowhere far'],
    ['the least loaded in the own zone', ZONED, 'spread', 'east', 'near-too near far nowhere'],
    ['no zone for who has none', ZONED, 'spread', undefined, 'far near-too nowhere near'],
    ['no zone where nobody is in it', ZONED, 'primary', 'north', 'nowhere far near near-too'],
    ['the id where all else is the same', [ownerOf('b'), ownerOf('a')], 'spread', undefined, 'a b'],
    [
      'the living and staying, whatever their zone and load',
      [
        ownerOf('suspect', { liveness: 'suspect', zone: 'east' }),
        ownerOf('draining', { draining: true, zone: 'east' }),
        ownerOf('well', { sinceMs: 9, loadLevel: 9, zone: 'west' }),
      ],
      'spread',
      'east',
      'well draining suspect',
    ],
    [
      'those that flow, however suspect, draining, loaded, young or far away',
      [
        ownerOf('silent', { silent: true, sinceMs: 1, zone: 'east' }),
        ownerOf('worst', {
          liveness: 'suspect',
          draining: true,
          sinceMs: 9,
          loadLevel: 9,
          zone: 'west',
        }),
      ],
      'spread',
      'east',
      'worst silent',
    ],
    [
      'among the silent, as among those that flow',
      [
        ownerOf('suspect', { silent: true, liveness: 'suspect' }),
        ownerOf('draining', { silent: true, draining: true }),
        ownerOf('younger', { silent: true, sinceMs: 9 }),
        ownerOf('older', { silent: true, sinceMs: 2 }),
        ownerOf('flowing', { sinceMs: 99 }),
      ],
      'primary',
      undefined,
      'flowing older younger draining suspect',
    ],
  ])('puts first: %s', (_what, owners, policy, zone, expected) => {
    expect(ordered(owners, policy, zone)).toBe(expected);
    expect(ordered([...owners].reverse(), policy, zone)).toBe(expected);
  });

  it.each<[string, string, Partial<MemberProfile & Owner>, Partial<MemberProfile & Owner>]>([
    ['a draining one before an unreachable one', 'a b', { draining: true }, { liveness: 'unreachable' }],
    [
      'an unreachable, draining one before a full one',
      'a b',
      { liveness: 'unreachable', draining: true },
      { full: true },
    ],
    [
      'a full, unreachable, draining one before a suspect',
      'a b',
      { full: true, liveness: 'unreachable', draining: true },
      { liveness: 'suspect' },
    ],
    ['one with room before a full one', 'b a', { full: true }, { full: false }],
    ['one reached directly before an unreachable one', 'b a', { liveness: 'unreachable' }, {}],
  ])('puts %s', (_what, expected, a, b) => {
    for (const policy of ['primary', 'spread'] as const) {
      const owners = [
        ownerOf('a', { ...a, sinceMs: expected === 'a b' ? 9 : 1, loadLevel: expected === 'a b' ? 9 : 1 }),
        ownerOf('b', { ...b, sinceMs: expected === 'a b' ? 1 : 9, loadLevel: expected === 'a b' ? 1 : 9 }),
      ];
      expect(ordered(owners, policy)).toBe(expected);
    }
  });

  it('puts a full, unreachable suspect that flows before one that is well and silent', () => {
    const owners = [ownerOf('a', { silent: true }), ownerOf('b', { full: true, liveness: 'suspect' })];
    expect(ordered(owners, 'primary')).toBe('b a');
  });

  it('is total, and puts who flows before who is silent first of all, then the living, then the staying', () => {
    const anyOwner = fc.record({
      silent: fc.boolean(),
      liveness: fc.constantFrom('alive', 'unreachable', 'suspect'),
      full: fc.boolean(),
      draining: fc.boolean(),
      sinceMs: fc.nat({ max: 2 }),
      loadLevel: fc.nat({ max: 2 }),
      zone: fc.constantFrom('east', 'west'),
    });
    const owners = fc
      .array(anyOwner, { maxLength: 6 })
      .map((all) => all.map((one, i) => ownerOf(`${i}`, one)));
    const rankOf = ({ claim, liveness, profile }: Owner): string =>
      [
        claim.silent === true,
        liveness === 'suspect',
        profile.full === true,
        liveness === 'unreachable',
        profile.draining,
      ]
        .map(Number)
        .join('');
    fc.assert(
      fc.property(
        owners,
        fc.constantFrom('primary', 'spread'),
        fc.constantFrom('east', undefined),
        (all, policy, zone) => {
          const order = ownerOrder(policy, zone);
          const sorted = [...all].sort(order);
          expect([...all].reverse().sort(order)).toEqual(sorted);
          const ranks = sorted.map(rankOf);
          expect(ranks).toEqual([...ranks].sort());
          for (const a of all)
            for (const b of all) expect(Math.sign(order(a, b)) + Math.sign(order(b, a))).toBe(0);
        },
      ),
    );
  });

  it('follows a load level as soon as its owner tells it, and says which streams that moved', () => {
    const limits = { membersMax: 9, streamsPerMemberMax: 9 };
    const directory = new Directory('me', profileOf('me'), limits, ownerOrder('spread'));
    const logs = ['a', 'b'].map((member) => new OwnLog(member, 1, 10));
    for (const log of logs) {
      log.setProfile(profileOf(log.member, { loadLevel: 0 }));
      log.claim(claimOf('shared', log.member === 'a' ? 1 : 2));
      log.claim(claimOf(`of-${log.member}`));
      directory.replace(log.snapshot());
    }
    const shared = claimOf('shared').key;
    const first = () => directory.owners(shared).map(({ member }) => member);
    expect(first()).toEqual(['a', 'b']);
    const [a] = logs;
    const from = a?.version ?? 0;
    a?.setProfile(profileOf('a', { loadLevel: 2 }));
    const delta = a && deltaSince(a, from);
    const applied = delta && directory.apply(delta);
    expect([...(applied?.changed ?? [])]).toEqual([shared]);
    expect(first()).toEqual(['b', 'a']);
  });
});
