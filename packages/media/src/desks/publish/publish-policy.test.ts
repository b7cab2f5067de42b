import { NO_LOAD, type Owner } from '@headwater/directory';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediaOptions } from '../../testing/media-options.js';
import { type Claimed, lostTo, othersOf, policyOf, prevails, sinceOf } from './publish-policy.js';

const claimed = (member: string, sinceMs: number): Claimed => ({
  member,
  claim: { key: '__defaultVhost__/live/s', sinceMs, media: {} },
});

function owner(
  member: string,
  sinceMs: number,
  more: { liveness?: Owner['liveness']; silent?: boolean; draining?: boolean } = {},
): Owner {
  const { liveness = 'alive', silent = false, draining = false } = more;
  const address = { network: 'test', host: '127.0.0.1', rtmpPort: 1, httpPort: 1 };
  const { claim } = claimed(member, sinceMs);
  return {
    member,
    liveness,
    load: NO_LOAD,
    claim: { ...claim, ...(silent && { silent }) },
    profile: {
      name: member,
      role: 'origin',
      addresses: [address],
      relayAddress: address,
      draining,
      program: 'test',
    },
  };
}

describe('publish policy', () => {
  it('lets exactly one of any claims stand, the same one on every member', () => {
    const claims = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 1,
      maxLength: 6,
      selector: ([member]) => member,
    });
    fc.assert(
      fc.property(claims, fc.constantFrom('reject', 'takeover'), (all, policy) => {
        const owners = all.map(([member, sinceMs]) => claimed(member, sinceMs));
        const standing = owners.filter(
          (own) => !owners.some((other) => other !== own && prevails(policy, other, own)),
        );
        expect(standing).toHaveLength(1);
      }),
    );
  });

  it.each([
    ['the older claim by `reject`', 'reject', claimed('b', 1), claimed('a', 2)],
    ['the newer claim by `takeover`', 'takeover', claimed('a', 2), claimed('b', 1)],
    ['of two as old the lesser id by `reject`', 'reject', claimed('a', 1), claimed('b', 1)],
    ['of two as old the greater id by `takeover`', 'takeover', claimed('b', 1), claimed('a', 1)],
  ] as const)('lets stand %s', (_what, policy, winner, loser) => {
    expect([prevails(policy, winner, loser), prevails(policy, loser, winner)]).toEqual([true, false]);
  });

  const own = claimed('here', 50);
  const lost = { reject: 'owned-elsewhere', takeover: 'taken-over' } as const;
  /** A claim that goes before ours, and one that does not. */
  const stronger = { reject: 10, takeover: 90 };
  const weaker = { reject: 90, takeover: 10 };

  describe.each(['reject', 'takeover'] as const)('%s', (policy) => {
    it.each<[string, readonly Owner[], boolean]>([
      ['nobody else', [], false],
      ['who goes before it', [owner('there', stronger[policy])], true],
      ['who comes after it', [owner('there', weaker[policy])], false],
      ['one of several who goes before it', [owner('x', weaker[policy]), owner('y', stronger[policy])], true],
      ['a suspect, who may be dead', [owner('there', stronger[policy], { liveness: 'suspect' })], false],
      [
        'the living beside a suspect',
        [owner('x', stronger[policy], { liveness: 'suspect' }), owner('y', stronger[policy])],
        true,
      ],
      [
        'one who is silent at the moment, as by anybody',
        [owner('there', stronger[policy], { silent: true })],
        true,
      ],
      ['one who is draining, as by anybody', [owner('there', stronger[policy], { draining: true })], true],
    ])('ends our publisher for %s', (_who, others, isEnded) => {
      expect(lostTo(policy, own, others)).toBe(isEnded ? lost[policy] : null);
      expect(lostTo('backup', own, others)).toBeNull();
    });
  });

  it('makes a takeover newer than all that it knows of, and trusts the own clock otherwise', () => {
    const others = [owner('a', 40), owner('b', 70), owner('c', 60, { liveness: 'suspect' })];
    expect(sinceOf('takeover', 50, others)).toBe(71);
    expect(sinceOf('takeover', 99, others)).toBe(99);
    expect(sinceOf('takeover', 50, [])).toBe(50);
    expect(sinceOf('reject', 50, others)).toBe(50);
    expect(sinceOf('backup', 50, others)).toBe(50);
  });

  it('knows the others by their id', () => {
    const [a, b] = [owner('a', 1), owner('b', 2)];
    expect(othersOf([a, b], 'a')).toEqual([b]);
    expect(othersOf([a, b], 'c')).toEqual([a, b]);
  });

  it('is set for all, for an app, and for what is below it', () => {
    const options = mediaOptions('a', {
      apps: { live: { publish: { policy: 'reject' } }, __proto__: null } as never,
    });
    expect(policyOf('__defaultVhost__/live/s', options)).toBe('reject');
    expect(policyOf('__defaultVhost__/live/room/s', options)).toBe('reject');
    expect(policyOf('__defaultVhost__/other/s', options)).toBe('backup');
    expect(policyOf('__defaultVhost__/toString/s', options)).toBe('backup');
  });

  it.each([
    ['v/live/room/s', 'takeover'],
    ['v/live/room/two/s', 'reject'],
    ['v/live/other/s', 'reject'],
    ['v/bare/s', 'takeover'],
    ['v/silent/s', 'takeover'],
    ['v/none/s', 'takeover'],
    ['no key', 'takeover'],
  ] as const)('in force for %s is %s', (key, policy) => {
    const settings = {
      publish: { policy: 'takeover' as const },
      apps: {
        live: { publish: { policy: 'reject' as const } },
        'live/room': { publish: { policy: 'takeover' as const } },
        bare: {},
        silent: { publish: {} },
      },
    };
    expect(policyOf(key, settings)).toBe(policy);
    expect(policyOf(key, { publish: {}, apps: {} })).toBe('backup');
  });
});
