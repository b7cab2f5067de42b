import { isWildcard, type MediaAddress, type MemberProfile } from '@headwater/directory';
import { isLoopback } from './config/address.js';
import type { OriginConfig } from './config/origin-config.js';
import { PROGRAM_VERSION } from './version.js';

/** Ports that media really listens on; they differ from the configured ones where those are 0. */
export interface MediaPorts {
  readonly rtmp: number;
  readonly http: number;
}

/**
 * What this member tells of itself.
 *
 * @param meshHost where the other members reach this one, as the mesh found it: the best guess for media too.
 */
export function profileOf(config: OriginConfig, meshHost: string, ports: MediaPorts): MemberProfile {
  const relayAddress: MediaAddress = {
    network: 'mesh',
    host: isWildcard(config.rtmp.host) ? meshHost : config.rtmp.host,
    rtmpPort: ports.rtmp,
    httpPort: ports.http,
  };
  const advertised = config.advertise.map((address) => ({
    network: address.network,
    host: address.host,
    rtmpPort: address.rtmpPort ?? ports.rtmp,
    httpPort: address.httpPort ?? ports.http,
  }));
  return {
    name: config.name,
    role: config.role,
    addresses: advertised.length > 0 ? advertised : [relayAddress],
    relayAddress,
    ...(isLoopback(config.api.host)
      ? {}
      : {
          apiAddress: hostAndPort(isWildcard(config.api.host) ? meshHost : config.api.host, config.api.port),
        }),
    ...(config.zone === undefined ? {} : { zone: config.zone }),
    draining: false,
    program: PROGRAM_VERSION,
  };
}

const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
