import {
  DEFAULT_VHOST,
  hostPort,
  type MediaAddress,
  type PlayMark,
  portAt,
  type StreamName,
} from '@headwater/directory';
import { isByMember, readPlayMark, withPlayMark } from '../../desks/play/play-mark.js';
import { encodeName, plainHost, readStreamName, splitVhost } from '../stream-name.js';

/** What a `connect` named: the app without its query, and how the client reached us. */
export interface ConnectTarget {
  /** Percent-encoded, as it came, without a slash around it; empty where the key names all. */
  readonly app: string;
  /** Parameters after the app's `?`, and those of the tcUrl. */
  readonly query: string;
  /** Host name of tcUrl, without user, port and brackets, in small letters; absent where tcUrl has none. */
  readonly host?: string;
  /** The tcUrl says RTMPS: it was by TLS at least to whatever ends that before this member. */
  readonly isSecure: boolean;
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
 * Reads `app` and `tcUrl` of a connect. A vhost may be told in either: `live?vhost=v`, or SRS's `live...vhost...v`. A query in
 * the app ends with the app, so a URL that a client splits must have no slash in its query.
 */
export function readConnectTarget(app: string, tcUrl: string): ConnectTarget {
  const url = tcUrl.slice(0, TC_URL_LENGTH_MAX);
  const [path, appQuery] = splitQuery(app);
  const [urlPath, urlQuery] = splitQuery(url);
  const [, urlVhost] = splitVhost(urlPath);
  const vhost = urlVhost === null ? '' : `vhost=${encodeURIComponent(urlVhost.toWellFormed())}`;
  const host = hostOf(url);
  const query = [appQuery, urlQuery, vhost].filter((part) => part !== '').join('&');
  return {
    app: path.replace(/^\/|\/$/g, ''),
    query,
    isSecure: /^rtmps:/i.test(url),
    ...(host === null ? {} : { host }),
  };
}

/**
 * Reads the key of a publish or play. Clients split a URL in different places, so app and key are joined, with one slash
 * between them, and read as HTTP's path is. The problem as a sentence for the client where that is no stream's name.
 */
export function readStreamTarget(
  connect: ConnectTarget,
  key: string,
  configuredVhosts: readonly string[],
): StreamTarget | { readonly problem: string } {
  const [encoded, query] = splitQuery(key);
  const stream = encoded.startsWith('/') ? encoded.slice(1) : encoded;
  if (stream === '') {
    const isQuery = key.includes('?');
    return {
      problem: isQuery
        ? 'the stream key is only a query; its name goes before the ?'
        : 'the stream key is empty',
    };
  }
  const path = connect.app === '' ? stream : `${connect.app}/${stream}`;
  if (!path.includes('/')) {
    return { problem: 'the stream has no app: the URL is rtmp://host/app, or the stream key app/stream' };
  }
  const vhosts = [parameter(query, 'vhost'), parameter(connect.query, 'vhost')];
  const host = isByMember(query) ? null : (connect.host ?? null);
  const name = readStreamName({ path, vhosts, host }, configuredVhosts);
  if ('problem' in name) return { problem: `app and key together name the stream, and ${name.problem}` };
  return { name, query, mark: readPlayMark(query) };
}

/** Where a client is sent: tcUrl and full URL, port always in both. */
export interface RedirectUrls {
  readonly tcUrl: string;
  readonly url: string;
}

/** What a redirect depends on beside its target. */
export interface RedirectFacts {
  readonly isSrsEdge: boolean;
  readonly isSecure: boolean;
  /** Parameters of the connect; absent: none. */
  readonly connectQuery?: string;
  /** The id of the play that is sent away. */
  readonly via?: string;
}

/**
 * Whoever came by TLS goes on by TLS. An SRS edge keeps its own app, stream and parameters and reads the address alone, so
 * it gets just what SRS sends. Others get everything they need: their parameters, the vhost, and the mark that ends loops.
 */
export function redirectUrls(
  address: MediaAddress,
  target: StreamTarget,
  { isSrsEdge, isSecure, connectQuery = '', via }: RedirectFacts,
): RedirectUrls {
  const at = hostPort(address.host, portAt(address, 'rtmp', isSecure) ?? 0);
  const tcUrl = `${isSecure ? 'rtmps' : 'rtmp'}://${at}/${encodeName(target.name.app)}`;
  const url = `${tcUrl}/${encodeName(target.name.stream)}`;
  if (isSrsEdge) return { tcUrl, url };
  const needsVhost = target.name.vhost !== DEFAULT_VHOST && parameter(target.query, 'vhost') === null;
  const vhost = needsVhost ? `vhost=${encodeURIComponent(target.name.vhost)}` : '';
  const others = othersOf(connectQuery, target.query);
  const all = [target.query, ...others, vhost].filter((part) => part !== '').join('&');
  return { tcUrl, url: `${url}?${withPlayMark(all, 'redirected', via)}` };
}

/** Parameters of the connect that the stream's own do not have; each once, though clients tell them in app and tcUrl. */
function othersOf(connectQuery: string, query: string): readonly string[] {
  if (connectQuery === '') return [];
  const own = new URLSearchParams(query);
  return [...new Set(connectQuery.split('&'))].filter((part) => {
    const [name = ''] = new URLSearchParams(part).keys();
    return name !== '' && name !== 'vhost' && !own.has(name);
  });
}

function splitQuery(text: string): [name: string, query: string] {
  const mark = text.indexOf('?');
  return mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark + 1)];
}

function parameter(query: string, name: string): string | null {
  return query === '' ? null : new URLSearchParams(query).get(name);
}

const AUTHORITY = /^[a-z]+:\/\/(?:[^/?#]*@)?(?:\[([0-9a-f:.%]+)\]|([^/:?#]+))/i;

function hostOf(tcUrl: string): string | null {
  const found = AUTHORITY.exec(tcUrl);
  const host = found?.[1] ?? found?.[2];
  return host === undefined ? null : plainHost(host);
}
