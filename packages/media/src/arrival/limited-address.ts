import { ipv6Groups } from '@headwater/directory';

/** The IP of `address:port`, IPv6 without its brackets, so that a client's next connection is known as the same client's. */
export function addressOf(remote: string): string {
  const colon = remote.lastIndexOf(':');
  const address = colon < 0 ? remote : remote.slice(0, colon);
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}

/**
 * What counts as one address where clients are limited by address: an IPv4 address, or a /64 of IPv6, which is what one
 * subscriber has at the least (RFC 6177).
 */
export function limitedAddress(ip: string): string {
  const network = ipv6Groups(ip)?.slice(0, 4);
  return network === undefined ? ip : `${network.map((group) => group.toString(16)).join(':')}::/64`;
}
