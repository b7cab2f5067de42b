import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { MediaAddress, MemberProfile } from './member.js';
import { relayAddressFor } from './relay-address.js';

const at = (network: string, host: string, rtmpPort: number): MediaAddress => ({
  network,
  host,
  rtmpPort,
  httpPort: 8080,
});
const target = (
  addresses: readonly MediaAddress[],
  relayAddress: MediaAddress,
  relayAddresses?: readonly MediaAddress[],
): MemberProfile => ({
  ...profileOf('b'),
  addresses,
  relayAddress,
  ...(relayAddresses === undefined ? {} : { relayAddresses }),
});
const pulled = (profile: MemberProfile, ...reachedAt: string[]): string => {
  const { host, rtmpPort } = relayAddressFor(profile, reachedAt);
  return `${host}:${rtmpPort}`;
};

describe('where a member is pulled from', () => {
  const inside = at('inside', '10.0.0.5', 1935);
  const outside = at('outside', '203.0.113.5', 1936);

  it('is its relay address where nothing else is known of it', () => {
    expect(pulled(target([inside], at('mesh', 'b', 1)))).toBe('b:1');
    expect(pulled(target([inside], at('mesh', 'b', 1)), '192.0.2.1')).toBe('b:1');
  });

  it('is the port that it advertises for the host by which its mesh is reached, though it tells the one that it listens on', () => {
    const mapped = target([inside, outside], at('mesh', '203.0.113.5', 1935));
    expect(pulled(mapped, '203.0.113.5')).toBe('203.0.113.5:1936');
    expect(pulled(mapped, '10.0.0.5')).toBe('10.0.0.5:1935');
    expect(pulled(mapped, 'b.example.com', '203.0.113.5')).toBe('203.0.113.5:1936');
  });

  it('is the relay address of that network where it tells them, and nothing that it tells clients', () => {
    const told = [at('outside', '203.0.113.9', 2935), at('inside', '10.9.0.5', 3935)];
    const profile = target([inside, outside], told[0] as MediaAddress, told);
    expect(pulled(profile, '10.9.0.5')).toBe('10.9.0.5:3935');
    expect(pulled(profile, '10.0.0.5')).toBe('10.9.0.5:3935');
    expect(pulled(profile, '203.0.113.5')).toBe('203.0.113.9:2935');
    expect(pulled(profile, '192.0.2.1')).toBe('203.0.113.9:2935');
    expect(pulled(profile)).toBe('203.0.113.9:2935');
  });

  it('goes by the family in which the two are connected', () => {
    const told = [at('mesh', '192.0.2.1', 1935), at('mesh', '2001:db8::5', 1935)];
    expect(pulled(target([told[0] as MediaAddress], told[0] as MediaAddress, told), '2001:DB8:0::5')).toBe(
      '2001:db8::5:1935',
    );
  });
});
