/**
 * A host as configs, profiles and addresses may name it. One rule for what this member is told to say and for what
 * others say: a host goes into headers, URLs and look-ups, where anything else does harm.
 */

/** Labels of letters, digits, `-` and `_` (Docker's and Kubernetes' names have those), each as long as RFC 1123 allows. */
const DNS_NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;
const LOOKS_LIKE_IPV4 = /^[\d.]+$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;
const IPV6_GROUPS = 8;
/** An interface, as in `fe80::1%eth0` (RFC 4007). */
const ZONE_ID = /^[0-9a-z.:-]+$/i;
/** Longest name (RFC 1123), and longest text that is looked at: IPv6 with an interface is far shorter. */
const HOST_LENGTH_MAX = 253;
const HOST_AND_PORT = /^(.+):(\d{1,5})$/;

/** An IP address (IPv6 without brackets) or a DNS name in ASCII. */
export function isHost(text: string): boolean {
  if (text.length > HOST_LENGTH_MAX) return false;
  if (text.includes(':')) return isIpv6(text);
  return IPV4.test(text) || (DNS_NAME.test(text) && !LOOKS_LIKE_IPV4.test(text));
}

/** `host:port` with a port from 0 to 65535; IPv6 with brackets or, as members of version 0.1 write it, without. */
export function isHostAndPort(text: string): boolean {
  // Stryker disable next-line StringLiteral,ArrayDeclaration: whatever is no host would do.
  const [, host = '', port = ''] = HOST_AND_PORT.exec(text) ?? [];
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  return Number(port) <= 65_535 && (isBracketed ? isIpv6(host.slice(1, -1)) : isHost(host));
}

/** `host:port`, IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isIpv6(text: string): boolean {
  const percent = text.indexOf('%');
  return ipv6Groups(text) !== null && (percent < 0 || ZONE_ID.test(text.slice(percent + 1)));
}

/** The eight groups of an IPv6 address (RFC 4291, 2.2), its zone left out; null where it is none. */
export function ipv6Groups(text: string): readonly number[] | null {
  const [address = ''] = text.split('%', 1);
  const [left = '', right, ...more] = address.split('::');
  if (more.length > 0) return null;
  const leading = groupsOf(left, right === undefined);
  const trailing = groupsOf(right ?? '', true);
  if (leading === null || trailing === null) return null;
  const missing = IPV6_GROUPS - leading.length - trailing.length;
  if (right === undefined ? missing !== 0 : missing < 1) return null;
  return [...leading, ...Array<number>(missing).fill(0), ...trailing];
}

/** Null where one of them is no group; the last one may be an IPv4 address, which is two. */
function groupsOf(half: string, mayEndInIpv4: boolean): readonly number[] | null {
  if (half === '') return [];
  const groups: number[] = [];
  const parts = half.split(':');
  for (const [index, part] of parts.entries()) {
    if (IPV6_GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else if (mayEndInIpv4 && index === parts.length - 1 && IPV4.test(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
      groups.push(a * 256 + b, c * 256 + d);
    } else return null;
  }
  return groups;
}

/** An IPv4 address within IPv6 (RFC 4291, 2.5.5.2), as sockets tell it that take both families, as IPv4; any other text as it is. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  // Stryker disable next-line ArrayDeclaration: whatever has no sixth group would do.
  const [a, b, c, d, e, f, high = 0, low = 0] = ipv6Groups(address) ?? [];
  if (f !== 0xffff || [a, b, c, d, e].some((group) => group !== 0)) return address;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** All addresses of a machine, which nobody can connect to from another one. */
export function isWildcard(host: string): boolean {
  return isAnyIpv4(host) || (ipv6Groups(host)?.every((group) => group === 0) ?? false);
}

/** All IPv4 addresses of a machine, and none of IPv6. */
export function isAnyIpv4(host: string): boolean {
  return /^0+(\.0+){0,3}$/.test(plainAddress(host));
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '0:0:0:0:0:0:0:1']);

/** A host in the one form in which it is compared: case, the dot that ends a name, and how an IPv6 is written do not count. */
function comparable(host: string): string {
  const plain = plainAddress(host.toLowerCase().replace(/\.$/, ''));
  return (
    ipv6Groups(plain)
      ?.map((group) => group.toString(16))
      .join(':') ?? plain
  );
}

/** Host names that mean the same place for a client; all names of loopback are one. */
export function sameHost(a: string, b: string): boolean {
  if (a === b) return true;
  const left = comparable(a);
  const right = comparable(b);
  return left === right || (LOOPBACK.has(left) && LOOPBACK.has(right));
}
