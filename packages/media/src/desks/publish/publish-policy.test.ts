import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediaOptions } from '../../testing/media-options.js';
import { type Claimed, policyOf, prevails } from './publish-policy.js';

const claimed = (member: string, sinceMs: number): Claimed => ({
  member,
  claim: { key: '__defaultVhost__/live/s', sinceMs, media: {} },
});

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

  it('is set for all, for an app, and for what is below it', () => {
    const options = mediaOptions('a', {
      apps: { live: { publish: { policy: 'reject' } }, __proto__: null } as never,
    });
    expect(policyOf('__defaultVhost__/live/s', options)).toBe('reject');
    expect(policyOf('__defaultVhost__/live/room/s', options)).toBe('reject');
    expect(policyOf('__defaultVhost__/other/s', options)).toBe('backup');
    expect(policyOf('__defaultVhost__/toString/s', options)).toBe('backup');
  });
});
