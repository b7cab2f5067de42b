import { isIP } from 'node:net';
import { ipv6Groups, isHost, isNetworkName, isWildcard } from '@headwater/directory';

/** A host with a port; IPv6 without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** One entry of `advertise`: where clients reach this member's media in one network. Absent ports: the bound ones. */
export interface Advertised {
  /** The network's name, the same on every member that has an address there. */
  readonly network: string;
  readonly host: string;
  readonly rtmpPort?: number;
  readonly httpPort?: number;
  readonly rtmpsPort?: number;
  readonly httpsPort?: number;
}

/** One entry of `relay.advertise`: where members pull from. Absent port: the bound one. */
export interface RelayAdvertised {
  readonly network: string;
  readonly host: string;
  readonly port?: number;
  readonly rtmpsPort?: number;
}

/** The network of an entry that names none. */
const ANY_NETWORK = 'relay';

/** `host`, `[v6]`, and up to four ports after it. */
const HOST_AND_PORTS = /^(?:\[([^\]]+)\]|([^:[\]]+))((?::\d{1,5}){0,4})$/;

/** An IP address or a DNS name; null for anything else. IPv6 may stand in brackets, and is returned without. */
export function parseHost(text: string): string | null {
  if (text.startsWith('[') && text.endsWith(']'))
    return isIP(text.slice(1, -1)) === 6 ? text.slice(1, -1) : null;
  return isHost(text) ? text : null;
}

/** `host:port`, IPv6 in brackets, port 1 to 65535. */
export function parseHostPort(text: string): HostPort | null {
  const parts = splitPorts(text);
  if (parts === null || parts.ports.length !== 1 || isWildcard(parts.host)) return null;
  const port = parts.ports[0];
  return port === undefined ? null : { host: parts.host, port };
}

/** `network=host[:rtmpPort[:httpPort[:rtmpsPort[:httpsPort]]]]`, IPv6 in brackets. Never a wildcard: nobody can connect to that. */
export function parseAdvertised(text: string): Advertised | null {
  const equals = text.indexOf('=');
  const network = text.slice(0, Math.max(equals, 0)).trim();
  const parts = splitPorts(text.slice(equals + 1).trim());
  if (!isNetworkName(network) || parts === null || !isTellable(parts.host)) return null;
  const [rtmpPort, httpPort, rtmpsPort, httpsPort] = parts.ports;
  return {
    network,
    host: parts.host,
    ...(rtmpPort === undefined ? {} : { rtmpPort }),
    ...(httpPort === undefined ? {} : { httpPort }),
    ...(rtmpsPort === undefined ? {} : { rtmpsPort }),
    ...(httpsPort === undefined ? {} : { httpsPort }),
  };
}

/** `[network=]host[:port[:rtmpsPort]]`, IPv6 in brackets. Never a wildcard. */
export function parseRelayAdvertised(text: string): RelayAdvertised | null {
  const isNamed = text.includes('=');
  const advertised = parseAdvertised(isNamed ? text : `${ANY_NETWORK}=${text}`);
  if (advertised === null || advertised.rtmpsPort !== undefined) return null;
  const { network, host, rtmpPort, httpPort: rtmpsPort } = advertised;
  return {
    network,
    host,
    ...(rtmpPort === undefined ? {} : { port: rtmpPort }),
    ...(rtmpsPort === undefined ? {} : { rtmpsPort }),
  };
}

/** An IP address, or a network as `address/bits`, kept as written. */
export function parseTrustedProxy(text: string): string | null {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const isNetwork = bits === undefined || Number(bits) <= (family === 4 ? 32 : 128);
  return family !== 0 && !address.includes('%') && isNetwork ? text : null;
}

/** A web origin as browsers send it: `https://host[:port]`, nothing behind it. */
export function parseOrigin(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { origin, href } = new URL(text);
  return href === `${origin}/` ? origin : null;
}

/** `CERTIFICATE:KEY`, or one path for both. */
export function parseCertificateFiles(text: string): { readonly cert: string; readonly key: string } | null {
  const [cert = '', key = cert, ...more] = text.split(':');
  return cert !== '' && key !== '' && more.length === 0 && !text.includes('\0') ? { cert, key } : null;
}

/** `host` or `host:port`, kept as written. Never a wildcard. */
export function parseMeshAdvertise(text: string): string | null {
  const parts = splitPorts(text);
  return parts === null || parts.ports.length > 1 || !isTellable(parts.host) ? null : text;
}

/**
 * Others can connect to it: no wildcard, nothing that is many machines, and nothing of IPv6 that wants a zone, which is another
 * one on each machine (`fe80::1%eth0`).
 */
function isTellable(host: string): boolean {
  if (isWildcard(host) || host.includes('%')) return false;
  const [first = 0] = ipv6Groups(host) ?? [];
  const isLinkLocal = (first & 0xffc0) === 0xfe80;
  return !isLinkLocal && first < 0xff00 && !(isIP(host) === 4 && Number.parseInt(host, 10) >= 224);
}

/** Reached from this machine only. */
export function isLoopback(host: string): boolean {
  return (
    host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  );
}

function splitPorts(text: string): { readonly host: string; readonly ports: readonly number[] } | null {
  const match = HOST_AND_PORTS.exec(text);
  if (match === null) return null;
  const host = match[1] === undefined ? parseHost(match[2] ?? '') : isIP(match[1]) === 6 ? match[1] : null;
  const ports = (match[3] ?? '').split(':').slice(1).map(Number);
  return host === null || ports.some((port) => port < 1 || port > 65_535) ? null : { host, ports };
}
