import { ADDRESSES_PER_MEMBER_MAX, MEMBERS_MAX, ROSTER_BYTES_MAX } from './limits.js';
import type { Acquaintance } from './messages.js';
import { fitting } from './wire-size.js';

const acquaintanceBytes = (one: Acquaintance): number =>
  one.addresses.reduce((sum, address) => sum + address.length * 3 + 5, one.id.length + 33);

/**
 * As many of the members as fit in one message. Where not all do, it starts anywhere (`random`, 0..1), so that in the
 * end everybody is told of everybody.
 */
export function roster(members: readonly Acquaintance[], random: number): readonly Acquaintance[] {
  const known = members.map((one) => ({
    ...one,
    addresses: one.addresses.slice(0, ADDRESSES_PER_MEMBER_MAX),
  }));
  const start = Math.floor(random * known.length);
  const turned = [...known.slice(start), ...known.slice(0, start)].slice(0, MEMBERS_MAX);
  return turned.slice(0, fitting(turned, 0, acquaintanceBytes, ROSTER_BYTES_MAX));
}
