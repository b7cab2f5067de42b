import { isAnyIpv4, isWildcard, type MediaAddress, sameHost } from '@headwater/directory';
import type { MediaPorts } from '@headwater/media';
import type { OriginConfig } from './config/origin-config.js';

/** What is told of ports for TLS: nothing where there are none. */
const secureOf = (rtmps: number | undefined, https: number | undefined) => ({
  ...(rtmps ? { rtmpsPort: rtmps } : {}),
  ...(https ? { httpsPort: https } : {}),
});

/** `advertise`, with the ports that are really bound where it names none. */
export function advertisedAddresses(config: OriginConfig, ports: MediaPorts): readonly MediaAddress[] {
  return config.advertise.map(({ network, host, rtmpPort, httpPort, rtmpsPort, httpsPort }) => ({
    network,
    host,
    rtmpPort: rtmpPort ?? ports.rtmp,
    httpPort: httpPort ?? ports.http,
    ...secureOf(rtmpsPort ?? ports.rtmps, httpsPort ?? ports.https),
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
  const listening = {
    rtmpPort: ports.rtmp,
    httpPort: ports.http,
    ...secureOf(ports.rtmps, ports.https),
  };
  const [configured, ...more] = config.relay.advertise.map(({ network, host, port, rtmpsPort }) => ({
    ...listening,
    network,
    host,
    ...(port === undefined ? {} : { rtmpPort: port }),
    ...(rtmpsPort === undefined ? {} : { rtmpsPort }),
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
