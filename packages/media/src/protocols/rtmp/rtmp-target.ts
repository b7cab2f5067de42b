/** A stream on an RTMP server. App and stream go over the wire as they stand here, percent-encoded. */
export interface RtmpTarget {
  /** DNS name or IP, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly app: string;
  readonly stream: string;
  /** Without the `?`; empty where there is none. Goes with the stream's name. */
  readonly query: string;
  /** Told in the tcUrl, as SRS's clients do; absent for the default. */
  readonly vhost?: string;
  /** By TLS, where the server proves who it is by the key with this SHA-256 (hexadecimal); absent: without TLS. */
  readonly keyHash?: string;
}

const RTMP_PORT = 1935;
const URL_FORM =
  /^rtmp:\/\/(?:\[([^\]]+)\]|([^/:?#[\]]+))(?::(\d{1,5}))?\/([^?#]+)\/([^/?#]+)(?:\?([^#]*))?$/i;

/**
 * `rtmp://host[:port]/app/stream[?query]`; the app may have slashes. Names are sent as they are written, and Headwater
 * percent-decodes what it gets, so a `%` of a name is written `%25`. Throws a `TypeError` that shows the right form.
 */
export function parseRtmpUrl(url: string): RtmpTarget {
  const [, ipv6, name, port, app, stream, query = ''] = URL_FORM.exec(url) ?? [];
  const host = ipv6 ?? name;
  const number = port === undefined ? RTMP_PORT : Number(port);
  if (host === undefined || app === undefined || stream === undefined || number < 1 || number > 65535) {
    throw new TypeError(`"${url}" is no RTMP URL: expected rtmp://host:port/app/stream`);
  }
  return { host, port: number, app, stream, query };
}

/** The URL of the application, which `connect` tells. */
export function tcUrl(target: RtmpTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const vhost = target.vhost === undefined ? '' : `?vhost=${encodeURIComponent(target.vhost)}`;
  const scheme = target.keyHash === undefined ? 'rtmp' : 'rtmps';
  return `${scheme}://${host}:${target.port}/${target.app}${vhost}`;
}

/** What `play` and `publish` name: the stream with its query. */
export function streamWithQuery(target: RtmpTarget): string {
  return target.query === '' ? target.stream : `${target.stream}?${target.query}`;
}
