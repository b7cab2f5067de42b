import { networkInterfaces } from 'node:os';
import { isAnyIpv4, isWildcard } from '@headwater/directory';
import { ADDRESSES_PER_MEMBER_MAX } from './core/limits.js';
import { formatHostPort, type HostPort, parseHostPort } from './host-port.js';

/** Every address of this machine, those that others can use first: IPv4, then IPv6; loopback last. */
export function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(({ address }) => !address.toLowerCase().startsWith('fe80:'));
  const rank = ({ internal, family }: { internal: boolean; family: string }): number =>
    (internal ? 2 : 0) + (family === 'IPv4' ? 0 : 1);
  return usable.sort((a, b) => rank(a) - rank(b)).map(({ address }) => address);
}

/** Where to listen: `::` takes both families, and stands for all of IPv4 on a machine without IPv6. */
export function listenHost(host: string, own = ownAddresses()): string {
  return isWildcard(host) && !isAnyIpv4(host) && !own.some((address) => address.includes(':'))
    ? '0.0.0.0'
    : host;
}

const isInternal = (address: string): boolean => address === '::1' || address.startsWith('127.');

/**
 * Where others can dial this member, best first: what was configured, else the listening address, else (listening on
 * all) the machine's own addresses. Never 0.0.0.0; loopback only where there is nothing else.
 */
export function advertisedAddresses(
  listening: HostPort,
  advertise: string | undefined,
  own = ownAddresses(),
): readonly HostPort[] {
  const configured = advertise === undefined ? null : parseHostPort(advertise, listening.port);
  if (configured) return [configured];
  if (!isWildcard(listening.host)) return [listening];
  const outside = own.filter((host) => !isInternal(host));
  const reachable = (outside.length > 0 ? outside : own).filter(
    (host) => !isAnyIpv4(listening.host) || !host.includes(':'),
  );
  return (reachable.length > 0 ? oneOfEachFirst(reachable) : ['127.0.0.1'])
    .slice(0, ADDRESSES_PER_MEMBER_MAX)
    .map((host) => ({ host, port: listening.port }));
}

/** Whoever has one family only must find an address of it among the few that are told. */
function oneOfEachFirst(hosts: readonly string[]): readonly string[] {
  const [first] = hosts;
  const other = hosts.find((host) => host.includes(':') !== first?.includes(':'));
  if (first === undefined || other === undefined) return hosts;
  return [first, other, ...hosts.filter((host) => host !== first && host !== other)];
}

export const formatAll = (addresses: readonly HostPort[]): readonly string[] => addresses.map(formatHostPort);
