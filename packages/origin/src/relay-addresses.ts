import { isAnyIpv4, isWildcard, type MediaAddress, sameHost } from '@headwater/directory';
import type { OriginConfig } from './config/origin-config.js';

/** Ports that media really listens on; they differ from the configured ones where those are 0. */
export interface MediaPorts {
  readonly rtmp: number;
  readonly http: number;
}

/** `advertise`, with the ports that are really bound where it names none. */
export function advertisedAddresses(config: OriginConfig, ports: MediaPorts): readonly MediaAddress[] {
  return config.advertise.map(({ network, host, rtmpPort, httpPort }) => ({
    network,
    host,
    rtmpPort: rtmpPort ?? ports.rtmp,
    httpPort: httpPort ?? ports.http,
  }));
}

/**
 * Where other members pull from, the best first: `relay.advertise`; else the hosts under which they reach this one in the
 * mesh, each with the port that is advertised for it, which is where it is mapped to, else with the one listened on.
 *
 * @param meshHosts at least one, the best first.
 */
export function relayAddressesOf(
  config: OriginConfig,
  meshHosts: readonly string[],
  ports: MediaPorts,
): readonly [MediaAddress, ...MediaAddress[]] {
  const listening = { rtmpPort: ports.rtmp, httpPort: ports.http };
  const [configured, ...more] = config.relay.advertise.map(({ network, host, port }) => ({
    ...listening,
    network,
    host,
    ...(port === undefined ? {} : { rtmpPort: port }),
  }));
  if (configured !== undefined) return [configured, ...more];
  const advertised = advertisedAddresses(config, ports);
  const [first, ...others] = meshHosts.flatMap((host): MediaAddress[] => {
    const mapped = advertised.find((address) => sameHost(address.host, host));
    if (mapped !== undefined) return [mapped];
    return listensThere(config.rtmp.host, host) ? [{ network: 'mesh', host, ...listening }] : [];
  });
  if (first !== undefined) return [first, ...others];
  return [{ network: 'mesh', host: hostFor(config.rtmp.host, meshHosts), ...listening }];
}

/** A host to tell for a listener: where it is bound to, else the first of the mesh's that it takes. */
export function hostFor(listenHost: string, meshHosts: readonly string[]): string {
  if (!isWildcard(listenHost)) return listenHost;
  return meshHosts.find((host) => listensThere(listenHost, host)) ?? meshHosts[0] ?? listenHost;
}

function listensThere(listenHost: string, host: string): boolean {
  if (isAnyIpv4(listenHost)) return !host.includes(':');
  return isWildcard(listenHost) || sameHost(listenHost, host);
}
