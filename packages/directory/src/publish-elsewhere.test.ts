import { expect, it } from 'vitest';
import type { MediaAddress, MemberProfile } from './member.js';
import type { Owner } from './owner.js';
import { type PublisherMove, publishElsewhere } from './publish-elsewhere.js';

const at = (host: string, network = 'in', more: Partial<MediaAddress> = {}): MediaAddress => ({
  network,
  host,
  rtmpPort: 1935,
  httpPort: 8080,
  ...more,
});

function profile(name: string, more: Partial<MemberProfile> = {}): MemberProfile {
  const address = at(name);
  return {
    name,
    role: 'origin',
    addresses: [address],
    relayAddress: address,
    draining: false,
    program: 't',
    ...more,
  };
}

function chosen(
  others: readonly MemberProfile[],
  move: Partial<PublisherMove> = {},
  { self = {}, owners = [] }: { self?: Partial<MemberProfile>; owners?: readonly string[] } = {},
): string | null {
  const view = {
    self: 'self',
    profile: profile('self', self),
    owners: () => owners.map((member) => ({ member }) as Owner),
    withRoom: () => others.map((one) => ({ member: one.name, profile: one })),
  };
  const target = publishElsewhere(view, { key: 'v/live/s', isSecure: false, ...move });
  return target === null ? null : `${target.member} ${target.address.host}`;
}

it('is nobody where nobody has room, not this member, and no edge', () => {
  expect(chosen([])).toBeNull();
  expect(chosen([profile('self')])).toBeNull();
  expect(chosen([profile('e', { role: 'edge' })])).toBeNull();
});

it('is nobody who has the stream already: there it would be refused', () => {
  expect(chosen([profile('a'), profile('b')], {}, { owners: ['self', 'a'] })).toBe('b b');
  expect(chosen([profile('a')], {}, { owners: ['self', 'a'] })).toBeNull();
});

it('is in this zone where anybody is, and there the least loaded', () => {
  const others = [
    profile('far', { zone: 'z2' }),
    profile('busy', { zone: 'z1', loadLevel: 4 }),
    profile('near', { zone: 'z1', loadLevel: 2 }),
  ];
  expect(chosen(others, {}, { self: { zone: 'z1' } })).toBe('near near');
  expect(chosen(others, {}, { self: { zone: 'z3' } })).toBe('far far');
});

it('spreads streams over those who are alike', () => {
  const others = [profile('a'), profile('b'), profile('c')];
  const found = new Set(Array.from({ length: 50 }, (_, index) => chosen(others, { key: `v/live/${index}` })));
  expect(found.size).toBe(3);
});

it('is reached in the network of the publisher', () => {
  const self = { addresses: [at('10.0.0.1', 'in'), at('203.0.113.1', 'out')] };
  const inside = profile('a');
  const both = profile('b', { addresses: [at('10.0.0.3', 'in'), at('203.0.113.3', 'out')], loadLevel: 9 });
  expect(chosen([inside, both], { reachedBy: '203.0.113.1' }, { self })).toBe('b 203.0.113.3');
  expect(chosen([inside], { reachedBy: '203.0.113.1' }, { self })).toBeNull();
  // By a balancer's name, which says nothing.
  expect(chosen([inside], { reachedBy: 'live.example' }, { self })).toBe('a a');
});

it('has a port with TLS for who came by TLS, and without for others', () => {
  const secure = profile('s', { addresses: [at('s', 'in', { rtmpPort: 0, rtmpsPort: 443 })] });
  expect(chosen([profile('a'), secure], { isSecure: true })).toBe('s s');
  expect(chosen([secure])).toBeNull();
});
