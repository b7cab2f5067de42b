import { DEFAULT_VHOST, type PlayMark, type StreamName, streamNameProblem } from '@headwater/directory';
import { readPlayMark, withPlayMark } from '../../desks/play/play-mark.js';
import { vhostOf } from '../stream-name.js';

/** Longest URL that is read, characters. */
const URL_LENGTH_MAX = 4096;
const EXTENSION = '.flv';

/** Which stream an HTTP or WebSocket request means. */
export interface FlvTarget {
  readonly name: StreamName;
  /** Path as it came, with its percent signs. */
  readonly path: string;
  /** What follows the `?`, as it came. */
  readonly query: string;
  readonly mark: PlayMark;
  /** Host name of the `Host` header, without port and brackets; absent where there is none. */
  readonly reachedBy?: string;
}

/** Why a URL means no stream: `status` is HTTP's. */
export interface FlvTargetProblem {
  readonly status: 400 | 404 | 414;
  readonly problem: string;
}

/** Reads `/app/stream.flv?query`; the app may have slashes, each part may be percent-encoded. */
export function readFlvTarget(
  url: string,
  hostHeader: string | undefined,
  vhosts: readonly string[],
): FlvTarget | FlvTargetProblem {
  if (url.length > URL_LENGTH_MAX) {
    return { status: 414, problem: `the URL is longer than ${URL_LENGTH_MAX} characters` };
  }
  const { path, query } = splitUrl(url);
  const parts = path.slice(1).split('/');
  if (!path.startsWith('/') || !path.endsWith(EXTENSION) || parts.length < 2) {
    return { status: 404, problem: 'there is nothing here; a stream is played from /app/stream.flv' };
  }
  const decoded = parts.map(decodePart);
  const names = decoded.filter((part) => part !== null);
  if (names.length < decoded.length) {
    return { status: 400, problem: 'the path has a % that is no valid encoding, or an encoded slash' };
  }
  const host = hostName(hostHeader);
  const stream = (names.pop() ?? '').slice(0, -EXTENSION.length);
  const vhost = vhostOf([new URLSearchParams(query).get('vhost'), host], vhosts);
  const name = { vhost, app: names.join('/'), stream };
  const problem = streamNameProblem(name);
  if (problem !== null) return { status: 400, problem };
  return { name, path, query, mark: readPlayMark(query), ...(host === null ? {} : { reachedBy: host }) };
}

/** Where a player is sent: the same path and query at another member, marked. */
export function redirectLocation(
  target: FlvTarget,
  address: { readonly host: string; readonly httpPort: number },
): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  // There the `Host` header has another name in it, so a vhost told by it must go into the query.
  const needsVhost = target.name.vhost !== DEFAULT_VHOST && !new URLSearchParams(target.query).has('vhost');
  const vhost = needsVhost ? `vhost=${encodeURIComponent(target.name.vhost)}` : '';
  const query = withPlayMark([target.query, vhost].filter((part) => part !== '').join('&'), 'redirected');
  return `http://${host}:${address.httpPort}${target.path}?${query}`;
}

/** Proxies may send the whole URL; the scheme and host are cut off. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const rest = url.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = rest.indexOf('?');
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

/** Null where the encoding is wrong, or hides a slash. */
function decodePart(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    return text.includes('/') ? null : text;
  } catch {
    return null;
  }
}

const HOST_FORM = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/]+))(?::\d*)?$/i;

function hostName(header: string | undefined): string | null {
  const found = HOST_FORM.exec(header ?? '');
  return found === null ? null : (found[1] ?? found[2] ?? null);
}
