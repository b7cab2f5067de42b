import type { MemberProfile } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import { profileOf } from '@headwater/testing/profile-of';
import { expect, it } from 'vitest';
import { pulledBy } from './pulled-at.js';

const keyHash = '00'.repeat(32);

/** How a member with this profile and these ports for pulls is pulled from. */
function pulled(relayTls: boolean, ports: object, more: Partial<MemberProfile> = {}): string {
  const relayAddress = { network: 'mesh', host: '10.0.0.5', rtmpPort: 1935, httpPort: 8080, ...ports };
  const profile: MemberProfile = { ...profileOf('b'), relayAddress, ...more };
  const address = pulledBy({ profile } as MemberView, relayTls);
  return address?.tls === undefined ? `plain ${address?.rtmpPort}` : `tls ${address.tls.port}`;
}

it('relays go by TLS where both have it, and where nothing else is offered', () => {
  const secure = { rtmpsPort: 1443 };
  expect(pulled(true, secure, { relayKeyHash: keyHash })).toBe('tls 1443');
  expect(pulled(false, secure, { relayKeyHash: keyHash })).toBe('plain 1935');
  expect(pulled(true, secure)).toBe('plain 1935');
  expect(pulled(true, {}, { relayKeyHash: keyHash })).toBe('plain 1935');
  expect(pulled(false, { ...secure, rtmpPort: 0 }, { relayKeyHash: keyHash })).toBe('tls 1443');
});
