/** The host of `host:port` or of a `Host` header, without port and brackets; undefined where there is none. */
export function hostOf(hostPort: string | undefined): string | undefined {
  const host = hostPort?.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return host === '' ? undefined : host;
}
