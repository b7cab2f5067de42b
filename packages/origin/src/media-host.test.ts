import type { MemberProfile } from '@headwater/directory';
import type { MemberView, Mesh } from '@headwater/mesh';
import { describe, expect, it } from 'vitest';
import { mediaHost } from './media-host.js';

const profileOf = (name: string, more: Partial<MemberProfile> = {}): MemberProfile => {
  const address = { network: 'inside', host: name, rtmpPort: 1935, httpPort: 8080 };
  const about = { name, role: 'origin', draining: false, program: 'test' } as const;
  return { ...about, addresses: [address], relayAddress: address, ...more };
};

const member = (id: string, more: Partial<MemberView> = {}): MemberView => ({
  id,
  isSelf: false,
  generation: 1,
  version: 1,
  liveness: 'alive',
  profile: profileOf(id),
  load: { players: 0, publishers: 0, outboundKbps: 0 },
  streams: 0,
  connected: true,
  through: [],
  meshAddresses: [],
  ...more,
});

/** What media is told by a mesh of these. */
const hostOf = (...members: MemberView[]) =>
  mediaHost(
    {
      id: 'me',
      members: () => [member('me', { isSelf: true, profile: profileOf('10.0.0.1') }), ...members],
      member: (id: string) => members.find((one) => one.id === id),
    } as unknown as Mesh,
    { tls: false, tree: false },
  );

describe('ways to an owner that cannot be reached', () => {
  it('are the members that are well, the nearest first, a few at most', () => {
    const host = hostOf(
      member('owner', { rttMs: 0 }),
      member('full', { profile: profileOf('full', { full: true }), rttMs: 0 }),
      member('far', { rttMs: 90 }),
      member('unmeasured'),
      member('near', { rttMs: 1 }),
      member('middle', { rttMs: 20 }),
      member('suspect', { liveness: 'suspect', rttMs: 0 }),
      member('gone', { connected: false, rttMs: 0 }),
      member('unknown', { profile: null, rttMs: 0 }),
      member('leaving', { profile: profileOf('leaving', { draining: true }), rttMs: 0 }),
    );
    expect(host.detours('owner')).toEqual(['near', 'middle', 'far']);
    expect(hostOf(member('owner')).detours('owner')).toEqual([]);
    const full = member('full', { profile: profileOf('full', { full: true }), rttMs: 0 });
    expect(hostOf(full, member('far', { rttMs: 90 })).detours('owner')).toEqual(['far', 'full']);
  });
});

describe('where a member is pulled from', () => {
  const mapped: MemberProfile = {
    ...profileOf('b'),
    addresses: [
      { network: 'inside', host: 'origin-b', rtmpPort: 1935, httpPort: 8080 },
      { network: 'outside', host: '203.0.113.5', rtmpPort: 1936, httpPort: 8080 },
    ],
    relayAddress: { network: 'mesh', host: '203.0.113.5', rtmpPort: 1935, httpPort: 8080 },
  };

  it.each([
    [{ dialledAt: '203.0.113.5:7946', remoteIp: '203.0.113.5' }, '203.0.113.5:1936'],
    [{ dialledAt: 'origin-b:7946', remoteIp: '10.0.0.7' }, 'origin-b:1935'],
    [{ remoteIp: '203.0.113.5' }, '203.0.113.5:1936'],
    [{}, '203.0.113.5:1935'],
  ])('reached by %j is %s', (link, expected) => {
    const address = hostOf(member('b', { profile: mapped, ...link })).relayAddress('b');
    expect(`${address?.host}:${address?.rtmpPort}`).toBe(expected);
  });

  it('is not known of who has told nothing of itself, or has gone', () => {
    const host = hostOf(member('b', { profile: null }));
    expect([host.relayAddress('b'), host.relayAddress('c')]).toEqual([null, null]);
  });
});

describe("a live member's address", () => {
  const at = (host: string, network = 'n') => ({ network, host, rtmpPort: 1, httpPort: 1 });

  it('is where it is connected from, and each that it tells', () => {
    const host = hostOf(
      member('b', {
        remoteIp: '192.0.2.1',
        profile: { ...profileOf('b'), addresses: [at('origin-b'), at('10.0.0.2')] },
      }),
      member('c', {
        liveness: 'suspect',
        profile: { ...profileOf('c'), relayAddresses: [at('2001:db8::3')] },
      }),
      member('u', { liveness: 'unreachable', profile: { ...profileOf('u'), addresses: [at('192.0.2.6')] } }),
      member('d', { liveness: 'dead', remoteIp: '192.0.2.4' }),
      member('e', { liveness: 'left', remoteIp: '192.0.2.5' }),
    );
    const known = [
      '192.0.2.1',
      '192.0.2.6',
      '10.0.0.2',
      '2001:DB8:0::3',
      '192.0.2.4',
      '192.0.2.5',
      '10.0.0.1',
      '',
    ];
    expect(known.map((ip) => host.isMemberAddress(ip))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
