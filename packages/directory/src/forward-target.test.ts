import { profileOf } from '@headwater/testing/profile-of';
import { expect, it } from 'vitest';
import { forwardTarget } from './forward-target.js';
import type { MemberProfile } from './member.js';
import type { Owner } from './owner.js';

interface Facts {
  readonly zone?: string;
  readonly owners?: readonly string[];
  readonly avoid?: readonly string[];
  readonly key?: string;
}

function chosen(others: readonly MemberProfile[], { zone, owners = [], avoid = [], key }: Facts = {}) {
  const view = {
    self: 'self',
    profile: profileOf('self', { role: 'edge', ...(zone !== undefined && { zone }) }),
    owners: () => owners.map((member) => ({ member }) as Owner),
    // What is left out there, as members that drain, are full or out of reach, is no candidate.
    withRoom: () => others.map((one) => ({ member: one.name, profile: one })),
  };
  return forwardTarget(view, { key: key ?? 'v/live/s', avoid: new Set(avoid) })?.member ?? null;
}

const [a, b] = [profileOf('a'), profileOf('b')];
const far = profileOf('far', { zone: 'z2' });
const busy = profileOf('busy', { zone: 'z1', loadLevel: 4 });
const near = profileOf('near', { zone: 'z1', loadLevel: 2 });

it.each<[string, readonly MemberProfile[], Facts, string | null]>([
  ['nobody where nobody has room', [], {}, null],
  ['no edge', [profileOf('e', { role: 'edge' })], {}, null],
  ['not this member', [profileOf('self')], {}, null],
  ['none that failed', [a, b], { avoid: ['a'] }, 'b'],
  ['nobody where all failed', [a, b], { avoid: ['a', 'b'] }, null],
  ['one that has not the stream', [a, b], { owners: ['a'] }, 'b'],
  ['where all have it, one that has: it says itself what it thinks of that', [a], { owners: ['a'] }, 'a'],
  ['none that failed, where others have the stream', [a, b], { owners: ['b'], avoid: ['a'] }, 'b'],
  ['in this zone the least loaded', [far, busy, near], { zone: 'z1' }, 'near'],
  ['the least loaded of all where none is in this zone', [far, busy, near], { zone: 'z3' }, 'far'],
  ['the least loaded of all where this member has no zone', [far, busy, near], {}, 'far'],
  ['not sooner one that has no zone either', [far, profileOf('none', { loadLevel: 4 })], {}, 'far'],
  ['a busy one here rather than a free one far off', [far, busy], { zone: 'z1' }, 'busy'],
  ['one far off where the near one has the stream', [far, near], { zone: 'z1', owners: ['near'] }, 'far'],
])('is %s', (_, others, facts, expected) => {
  expect(chosen(others, facts)).toBe(expected);
});

it('spreads streams over origins that are alike', () => {
  const found = new Set(
    Array.from({ length: 40 }, (_, index) => chosen([a, b], { key: `v/live/s${index}` })),
  );
  expect(found).toEqual(new Set(['a', 'b']));
});
