import { describe, expect, it } from 'vitest';
import { addressOf, limitedAddress } from './limited-address.js';

describe("a client's address", () => {
  it.each([
    ['10.0.0.1:5000', '10.0.0.1'],
    ['[2001:db8::1]:5000', '2001:db8::1'],
    ['unknown:0', 'unknown'],
    ['10.0.0.1', '10.0.0.1'],
  ])('of %s is %s', (remote, address) => expect(addressOf(remote)).toBe(address));

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s is limited as %s', (ip, address) => expect(limitedAddress(ip)).toBe(address));
});
