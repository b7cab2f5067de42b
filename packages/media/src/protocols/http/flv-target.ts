import {
  DEFAULT_VHOST,
  hostPort,
  type MediaAddress,
  type PlayMark,
  portAt,
  type StreamName,
} from '@headwater/directory';
import { isByMember, readPlayMark, withPlayMark } from '../../desks/play/play-mark.js';
import { plainHost, readStreamName } from '../stream-name.js';

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
  /** Host name of the `Host` header, without port and brackets, in small letters; absent where there is none. */
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
  if (!path.startsWith('/') || !path.endsWith(EXTENSION) || !path.includes('/', 1)) {
    return { status: 404, problem: 'there is nothing here; a stream is played from /app/stream.flv' };
  }
  const host = hostName(hostHeader);
  const named = {
    path: path.slice(1, -EXTENSION.length),
    vhosts: [new URLSearchParams(query).get('vhost')],
    host: isByMember(query) ? null : host,
  };
  const name = readStreamName(named, vhosts);
  if ('problem' in name) return { status: 400, problem: name.problem };
  return { name, path, query, mark: readPlayMark(query), ...(host === null ? {} : { reachedBy: host }) };
}

/** Where a player is sent: the same path and query at another member, by TLS where the client came by it, marked. `via`: the id of this play. */
export function redirectLocation(
  target: FlvTarget,
  address: MediaAddress,
  isSecure: boolean,
  via?: string,
): string {
  const at = hostPort(address.host, portAt(address, 'http-flv', isSecure) ?? 0);
  // There the `Host` header has another name in it, so a vhost told by it must go into the query.
  const needsVhost = target.name.vhost !== DEFAULT_VHOST && !new URLSearchParams(target.query).has('vhost');
  const vhost = needsVhost ? `vhost=${encodeURIComponent(target.name.vhost)}` : '';
  const query = withPlayMark(
    [target.query, vhost].filter((part) => part !== '').join('&'),
    'redirected',
    via,
  );
  return `${isSecure ? 'https' : 'http'}://${at}${target.path}?${query}`;
}

/**
 * Proxies may send the whole URL; the scheme and host are cut off. So is a fragment, which some clients send though it is
 * theirs alone (RFC 9110, 4.2.5): what a redirect adds to the query would be part of it.
 */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const [rest = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split('#', 1);
  const mark = rest.indexOf('?');
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

const HOST_FORM = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/]+))(?::\d*)?$/i;

function hostName(header: string | undefined): string | null {
  const found = HOST_FORM.exec(header ?? '');
  const host = found?.[1] ?? found?.[2];
  return host === undefined ? null : plainHost(host);
}
