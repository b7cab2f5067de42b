import { hostPort } from '@headwater/directory';

/** Who is at the other end of a connection or request, as far as it is known. */
export interface Client {
  /** IPv4 as such; empty where it is gone already. */
  readonly ip: string;
  /** 0 where a proxy does not tell it. */
  readonly port: number;
  /** It came by TLS, to this member or to a trusted proxy. */
  readonly isSecure: boolean;
  /** It is a trusted proxy, which may yet tell for whom it asks. */
  readonly isProxy: boolean;
}

/** Who asks, as sessions tell it. */
export interface Asker {
  /** `address:port`, IPv6 in brackets. */
  readonly remote: string;
  /** What it tells of itself. */
  readonly agent: string;
  /** It came by TLS. */
  readonly isSecure: boolean;
}

/** `address:port`, IPv6 in brackets. */
export function remoteOf({ ip, port }: Pick<Client, 'ip' | 'port'>): string {
  return hostPort(ip || 'unknown', port);
}
