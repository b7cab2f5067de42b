import { sameHost } from './host.js';
import type { MediaAddress, MemberProfile } from './member.js';

/**
 * Where a member pulls from another one: at that one's address in the network in which the two reach each other. A network
 * is known by the hosts under which the other one's mesh was reached, `reachedAt`, the one that counts most first; where
 * none of them is an address of its own, it is pulled from its first relay address.
 *
 * Members that tell no relay addresses network by network (none are configured, or they are older) are pulled from the port
 * that they advertise for that host, since that is where it is mapped to.
 */
export function relayAddressFor(target: MemberProfile, reachedAt: readonly string[]): MediaAddress {
  const told = target.relayAddresses;
  const known = told ?? [...target.addresses, target.relayAddress];
  for (const host of reachedAt) {
    const found = known.find((address) => sameHost(address.host, host));
    if (found !== undefined) return found;
    const network = target.addresses.find((address) => sameHost(address.host, host))?.network;
    const inNetwork = told?.find((address) => address.network === network);
    if (inNetwork !== undefined) return inNetwork;
  }
  return target.relayAddress;
}
