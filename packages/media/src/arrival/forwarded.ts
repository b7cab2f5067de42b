import { isIP } from 'node:net';
import { plainAddress } from '@headwater/directory';
import type { Client } from './client.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** Headers by which proxies tell for whom they ask; `trustedProxies` write one kind, and a client may send the other. */
export type ForwardedHeaders = 'x-forwarded' | 'forwarded';

export interface ForwardedRules {
  readonly proxies: TrustedProxies;
  readonly headers: ForwardedHeaders;
}

export interface Forwarded {
  readonly client: Client;
  /** `Host` as the client sent it, where the proxy tells it. */
  readonly host?: string;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Hop {
  readonly for: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/** Hops that are looked at, from the nearest on; longer ways are none of a real proxy. */
const HOPS_MAX = 32;

/**
 * For whom a request is that came from `peer`. Each proxy appends whom it has it from, so the list is read from its end, and
 * only as long as those are trusted who wrote it: the first that is no trusted proxy is the client. What stands before may be
 * anybody's invention. Where an entry is no IP (`unknown`, `_hidden`), whoever wrote it is taken for the client.
 */
export function readForwarded(peer: Client, headers: Headers, rules: ForwardedRules): Forwarded {
  if (!peer.isProxy) return { client: peer };
  const hops = rules.headers === 'forwarded' ? forwardedHops(headers) : xForwardedHops(headers);
  let client = peer;
  let host: string | undefined;
  for (const hop of hops.reverse().slice(0, HOPS_MAX)) {
    const { proto } = hop;
    const address = readNode(hop.for ?? '');
    const isSecure = proto === undefined ? client.isSecure : proto === 'https' || proto === 'wss';
    host = hop.host ?? host;
    if (address === null) {
      client = { ...client, isSecure };
      break;
    }
    client = { ...address, isSecure, isProxy: rules.proxies.has(address.ip) };
    if (!client.isProxy) break;
  }
  return { client, ...(host === undefined ? {} : { host }) };
}

/** The three lists go from the client to the nearest proxy; where one is shorter, its first entry is the client's. */
function xForwardedHops(headers: Headers): Hop[] {
  const addresses = listOf(headers['x-forwarded-for']);
  const protos = listOf(headers['x-forwarded-proto']).map((proto) => proto.toLowerCase());
  const hosts = listOf(headers['x-forwarded-host']);
  const length = Math.max(addresses.length, Math.min(protos.length + hosts.length, 1));
  return Array.from({ length }, (_, index) => {
    const fromEnd = length - index;
    return {
      for: addresses.at(-fromEnd),
      proto: protos[Math.max(protos.length - fromEnd, 0)],
      host: hosts[Math.max(hosts.length - fromEnd, 0)],
    };
  });
}

const PAIR = /^\s*(for|proto|host)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*$/i;

/** RFC 7239. */
function forwardedHops(headers: Headers): Hop[] {
  return elementsOf(joined(headers.forwarded))
    .filter((element) => element.trim() !== '')
    .map((element) => {
      const found: Record<string, string> = {};
      for (const pair of splitOutsideQuotes(element, ';')) {
        const [, name = '', quoted, plain = ''] = PAIR.exec(pair) ?? [];
        if (name !== '') found[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain;
      }
      return { for: found.for, proto: found.proto?.toLowerCase(), host: found.host };
    });
}

/**
 * Elements between commas, read from the end: what a proxy has appended is found by itself, whatever a client has put before
 * it. From the start, a quotation mark of the client's that nothing closes would take the proxy's word into its quotes.
 */
function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let end = text.length;
  let isQuoted = false;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const char = text.charAt(at);
    if (char === '"' && !isEscaped(text, at)) isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) {
      elements.unshift(text.slice(at + 1, end));
      end = at;
      if (elements.length >= HOPS_MAX) return elements;
    }
  }
  return [text.slice(0, end), ...elements];
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') isQuoted = !isQuoted;
    if (char === '\\' && isQuoted) {
      parts[parts.length - 1] += char + text.charAt(at + 1);
      at += 1;
    } else if (char === separator && !isQuoted) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

const joined = (value: string | readonly string[] | undefined): string =>
  typeof value === 'string' ? value : (value ?? []).join(',');

const listOf = (value: string | readonly string[] | undefined): string[] =>
  joined(value)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const NODE = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}|_[\w.-]{1,64}))?$/i;

/** `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711`, `2001:db8::1`; a port may be hidden (`:_a`), and is not known then. */
function readNode(text: string): { readonly ip: string; readonly port: number } | null {
  if (isIP(text) !== 0) return { ip: plainAddress(text), port: 0 };
  const [, ipv6, ipv4, port] = NODE.exec(text) ?? [];
  const ip = ipv6 ?? ipv4 ?? '';
  const number = port === undefined || port.startsWith('_') ? 0 : Number(port);
  return isIP(ip) === 0 || number > 0xffff ? null : { ip: plainAddress(ip), port: number };
}
