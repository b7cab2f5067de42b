/**
 * A host as configs, profiles and addresses may name it. One rule for what this member is told to say and for what
 * others say: a host goes into headers, URLs and look-ups, where anything else does harm.
 */

/** Labels of letters, digits, `-` and `_` (Docker's and Kubernetes' names have those), RFC 1123's lengths. */
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;
const LOOKS_LIKE_IPV4 = /^[\d.]+$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;
const IPV6_GROUPS = 8;
/** An interface, as in `fe80::1%eth0` (RFC 4007). */
const ZONE_ID = /^[0-9a-z.:-]+$/i;
/** Longest text that is looked at; IPv6 with an interface is far shorter. */
const HOST_LENGTH_MAX = 253;
const HOST_AND_PORT = /^(.+):(\d{1,5})$/;

/** An IP address (IPv6 without brackets) or a DNS name in ASCII. */
export function isHost(text: string): boolean {
  if (text.length > HOST_LENGTH_MAX) return false;
  if (text.includes(':')) return isIpv6(text);
  return IPV4.test(text) || (DNS_NAME.test(text) && !LOOKS_LIKE_IPV4.test(text));
}

/** All addresses of a machine, which nobody can connect to from another one. */
export function isWildcard(host: string): boolean {
  return /^0+(\.0+){0,3}$/.test(host) || (host.includes(':') && /^[0:]+$/.test(host));
}

/** `host:port` with a port from 0 to 65535; IPv6 with brackets or, as members of version 0.1 write it, without. */
export function isHostAndPort(text: string): boolean {
  const [, host = '', port = ''] = HOST_AND_PORT.exec(text) ?? [];
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  return Number(port) <= 65_535 && (isBracketed ? isIpv6(host.slice(1, -1)) : isHost(host));
}

/** RFC 4291, 2.2. */
function isIpv6(text: string): boolean {
  const percent = text.indexOf('%');
  if (percent >= 0 && !ZONE_ID.test(text.slice(percent + 1))) return false;
  const halves = (percent < 0 ? text : text.slice(0, percent)).split('::');
  if (halves.length > 2) return false;
  const counts = halves.map((half, index) => countGroups(half, index === halves.length - 1));
  const groups = counts.reduce((sum, count) => sum + count, 0);
  return halves.length === 2 ? groups < IPV6_GROUPS : groups === IPV6_GROUPS;
}

/** NaN where one of them is no group; the last one may be an IPv4 address, which is two. */
function countGroups(half: string, mayEndInIpv4: boolean): number {
  if (half === '') return 0;
  const groups = half.split(':');
  return groups.reduce((count, group, index) => {
    if (IPV6_GROUP.test(group)) return count + 1;
    return mayEndInIpv4 && index === groups.length - 1 && IPV4.test(group) ? count + 2 : Number.NaN;
  }, 0);
}
