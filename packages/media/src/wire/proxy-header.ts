import { isIP } from 'node:net';
import { plainAddress } from '@headwater/directory';

/**
 * The header by which a proxy says for whom it connects: PROXY protocol 1 and 2
 * (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt). It comes before everything else, TLS's handshake too.
 */
export type ProxyHeader =
  /** So far it may become one. */
  | { readonly kind: 'incomplete' }
  /** These bytes begin with none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly problem: string }
  | {
      readonly kind: 'header';
      /** The rest after so many belongs to the protocol inside. */
      readonly bytes: number;
      /** Null where the proxy speaks for itself (LOCAL), or of a client without an IP (UNKNOWN, AF_UNSPEC, AF_UNIX). */
      readonly client: { readonly ip: string; readonly port: number } | null;
      /** Whether the client came to the proxy by TLS; null where that is not told. */
      readonly isSecure: boolean | null;
    };

/** Longest header that is read, bytes. The longest with addresses has 232; the rest is for TLVs. */
export const PROXY_HEADER_BYTES_MAX = 4096;

const V1_START = Buffer.from('PROXY ');
/** "The worst case", section 2.1, with its CRLF. */
const V1_BYTES_MAX = 107;
const V1_PORT = /^(?:0|[1-9]\d{0,4})$/;
const V2_START = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** The signature, version and command, family, and the length of what follows. */
const V2_FIXED_BYTES = 16;
const TLV_HEAD_BYTES = 3;
/** PP2_TYPE_SSL: a byte of flags, of which PP2_CLIENT_SSL says that the client came by TLS. */
const TLV_SSL = 0x20;
const CLIENT_SSL = 0x01;

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const NONE: ProxyHeader = { kind: 'none' };

/** Reads what a connection begins with. Never throws, whatever that is. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, V1_START)) return readV1(bytes);
  if (beginsLike(bytes, V2_START)) return bytes.length < V2_FIXED_BYTES ? INCOMPLETE : readV2(bytes);
  return NONE;
}

function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

const invalid = (problem: string): ProxyHeader => ({ kind: 'invalid', problem });

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf('\r\n');
  if (end < 0)
    return bytes.length < V1_BYTES_MAX
      ? INCOMPLETE
      : invalid('version 1 has no end of line within 107 bytes');
  const header = { kind: 'header', bytes: end + 2, isSecure: null } as const;
  // Stryker disable next-line StringLiteral: whatever is no address and no port would do.
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { ...header, client: null };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  if (version === 0) return invalid('version 1 names a protocol other than TCP4, TCP6 and UNKNOWN');
  const isSound =
    more.length === 0 &&
    isIP(source) === version &&
    isIP(destination) === version &&
    isPort(sourcePort) &&
    isPort(destinationPort);
  if (!isSound) return invalid('version 1 has no two addresses and ports of its family');
  return { ...header, client: { ip: plainAddress(source), port: Number(sourcePort) } };
}

const isPort = (text: string): boolean => V1_PORT.test(text) && Number(text) <= 0xffff;

/** Bytes of both addresses and ports, by family: AF_INET, AF_INET6, AF_UNIX. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 36, 3: 216 };
const STREAM = 1;

function readV2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12);
  const family = bytes.readUInt8(13) >> 4;
  const transport = bytes.readUInt8(13) & 0xf;
  const length = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) return invalid(`version ${versionAndCommand >> 4} is none that there is`);
  const command = versionAndCommand & 0xf;
  if (command > 1) return invalid(`version 2 has no command ${command}`);
  const end = V2_FIXED_BYTES + length;
  if (end > PROXY_HEADER_BYTES_MAX)
    return invalid(`it has ${end} bytes, more than ${PROXY_HEADER_BYTES_MAX}`);
  const isLocal = command === 0;
  const addressBytes = ADDRESS_BYTES[family];
  if (!isLocal && (addressBytes === undefined || transport > 2))
    return invalid(`version 2 has no family ${family} with transport ${transport}`);
  if (!isLocal && length < (addressBytes ?? 0)) return invalid('its length has no room for its addresses');
  if (bytes.length < end) return INCOMPLETE;
  const header = { kind: 'header', bytes: end } as const;
  if (isLocal) return { ...header, client: null, isSecure: null };
  const isSecure = readSecure(bytes.subarray(V2_FIXED_BYTES + (addressBytes ?? 0), end));
  if (isSecure === 'invalid') return invalid('a TLV reaches beyond its end');
  const client = transport === STREAM ? readClient(bytes, family) : null;
  return { ...header, client, isSecure };
}

function readClient(bytes: Buffer, family: number): { ip: string; port: number } | null {
  if (family === 1) {
    const ip = [...bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + 4)].join('.');
    return { ip, port: bytes.readUInt16BE(V2_FIXED_BYTES + 8) };
  }
  if (family !== 2) return null;
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(V2_FIXED_BYTES + 2 * index).toString(16),
  );
  return { ip: shortIpv6(groups.join(':')), port: bytes.readUInt16BE(V2_FIXED_BYTES + 32) };
}

/** As sockets write it, so that one client has one name however it comes. */
function shortIpv6(address: string): string {
  const plain = plainAddress(address);
  return plain.includes(':') ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain;
}

function readSecure(tlvs: Buffer): boolean | null | 'invalid' {
  let isSecure: boolean | null = null;
  for (let at = 0; at < tlvs.length; ) {
    if (at + TLV_HEAD_BYTES > tlvs.length) return 'invalid';
    const end = at + TLV_HEAD_BYTES + tlvs.readUInt16BE(at + 1);
    if (end > tlvs.length) return 'invalid';
    if (tlvs[at] === TLV_SSL && end > at + TLV_HEAD_BYTES)
      isSecure = ((tlvs[at + TLV_HEAD_BYTES] ?? 0) & CLIENT_SSL) !== 0;
    at = end;
  }
  return isSecure;
}
