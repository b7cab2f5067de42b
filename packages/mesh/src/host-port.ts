/** Default port of the mesh. */
export const MESH_PORT = 7946;

export interface HostPort {
  /** DNS name or IP, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(?:\[(?<ip6>[0-9a-fA-F:.%\w]+)\]|(?<host>[^\s[\]:/]+))(?::(?<port>\d{1,5}))?$/;

/** Parses `host`, `host:port`, `[ip6]` or `[ip6]:port`; null where it is none of these. */
export function parseHostPort(text: string, defaultPort = MESH_PORT): HostPort | null {
  const groups = PATTERN.exec(text)?.groups;
  const host = groups?.ip6 ?? groups?.host;
  if (host === undefined || host.length > 253) return null;
  const port = groups?.port === undefined ? defaultPort : Number(groups.port);
  return port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** `host:port`, IPv6 in brackets. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
