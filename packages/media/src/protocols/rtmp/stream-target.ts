import {
  DEFAULT_VHOST,
  type MediaAddress,
  type PlayMark,
  type StreamName,
  streamNameProblem,
} from '@headwater/directory';
import { readPlayMark, withPlayMark } from '../../desks/play/play-mark.js';
import { vhostOf } from '../stream-name.js';

/** What a `connect` named: the app without its query, and how the client reached us. */
export interface ConnectTarget {
  readonly app: string;
  /** Parameters after the app's `?` or SRS's `...`. */
  readonly query: string;
  /** Host name of tcUrl, without the port and brackets; absent where tcUrl has none. */
  readonly host?: string;
}

/** Which stream a publish or play means. */
export interface StreamTarget {
  readonly name: StreamName;
  /** Parameters after the stream's `?`, as they came. */
  readonly query: string;
  readonly mark: PlayMark;
}

/** Longest tcUrl that is read; longer ones lose their host. */
const TC_URL_LENGTH_MAX = 2048;

/**
 * Reads `app` and `tcUrl` of a connect. SRS's forms of parameters count: `live?vhost=v`, `live...vhost...v`, in either
 * of them. Null where there is no app.
 */
export function readConnectTarget(app: string, tcUrl: string): ConnectTarget | null {
  const [path, appQuery] = splitQuery(app);
  const [, urlQuery] = splitQuery(tcUrl.slice(0, TC_URL_LENGTH_MAX));
  const name = path.replace(/^\/+|\/+$/g, '');
  if (name === '') return null;
  const host = hostOf(tcUrl);
  const query = [appQuery, urlQuery].filter((part) => part !== '').join('&');
  return { app: name, query, ...(host === null ? {} : { host }) };
}

/** Reads the stream's name of a publish or play; the problem as a sentence where it can't be used. */
export function readStreamTarget(
  connect: ConnectTarget,
  stream: string,
  vhosts: readonly string[],
): StreamTarget | { readonly problem: string } {
  const [name, query] = splitQuery(stream);
  const vhost = vhostOf([parameter(query, 'vhost'), parameter(connect.query, 'vhost'), connect.host], vhosts);
  const target = { vhost, app: connect.app, stream: name.replace(/^\/+/, '') };
  const problem = streamNameProblem(target);
  return problem === null ? { name: target, query, mark: readPlayMark(query) } : { problem };
}

/** Where a client is sent: tcUrl and full URL, port always in both. */
export interface RedirectUrls {
  readonly tcUrl: string;
  readonly url: string;
}

/**
 * An SRS edge keeps its own app, stream and parameters and reads the address alone, so it gets just what SRS sends.
 * Others get everything they need: their parameters, the vhost, and the mark that ends loops.
 */
export function redirectUrls(address: MediaAddress, target: StreamTarget, isSrsEdge: boolean): RedirectUrls {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const tcUrl = `rtmp://${host}:${address.rtmpPort}/${target.name.app}`;
  if (isSrsEdge) return { tcUrl, url: `${tcUrl}/${target.name.stream}` };
  const needsVhost = target.name.vhost !== DEFAULT_VHOST && parameter(target.query, 'vhost') === null;
  const vhost = needsVhost ? `vhost=${encodeURIComponent(target.name.vhost)}` : '';
  const query = withPlayMark([target.query, vhost].filter((part) => part !== '').join('&'), 'redirected');
  return { tcUrl, url: `${tcUrl}/${target.name.stream}?${query}` };
}

/** `live?a=1` and SRS's `live...a...1` into the name and `a=1`. */
function splitQuery(text: string): [name: string, query: string] {
  const mark = text.indexOf('?');
  if (mark >= 0) return [text.slice(0, mark), text.slice(mark + 1)];
  const dots = text.indexOf('...');
  if (dots < 0) return [text, ''];
  const [name = '', ...parts] = text.split('...');
  const pairs: string[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) pairs.push(`${parts[i]}=${parts[i + 1]}`);
  return [name, pairs.join('&')];
}

function parameter(query: string, name: string): string | null {
  return query === '' ? null : new URLSearchParams(query).get(name);
}

const AUTHORITY = /^[a-z]+:\/\/(?:\[([0-9a-f:.%]+)\]|([^/:?#]+))/i;

function hostOf(tcUrl: string): string | null {
  const found = AUTHORITY.exec(tcUrl.slice(0, TC_URL_LENGTH_MAX));
  return found === null ? null : (found[1] ?? found[2] ?? null);
}
