import { hostPort, type MemberProfile } from '@headwater/directory';
import type { MediaPorts } from '@headwater/media';
import { isLoopback } from './config/address.js';
import type { OriginConfig } from './config/origin-config.js';
import { advertisedAddresses, hostFor, relayAddressesOf } from './relay-addresses.js';
import { PROGRAM_VERSION } from './version.js';

/**
 * What this member tells of itself.
 *
 * @param meshHosts where the other members reach this one, as the mesh found it, the best first: the best guess for media
 * too. At least one.
 */
export function profileOf(
  config: OriginConfig,
  meshHosts: readonly string[],
  ports: MediaPorts,
): MemberProfile {
  const relayAddresses = relayAddressesOf(config, meshHosts, ports);
  const [relayAddress] = relayAddresses;
  const advertised = advertisedAddresses(config, ports);
  const hasOthers = relayAddresses.length > 1 || config.relay.advertise.length > 0;
  return {
    name: config.name,
    role: config.role,
    addresses: advertised.length > 0 ? advertised : [relayAddress],
    relayAddress,
    ...(hasOthers ? { relayAddresses } : {}),
    ...(isLoopback(config.api.host) || config.api.port === null
      ? {}
      : { apiAddress: hostPort(hostFor(config.api.host, meshHosts), config.api.port) }),
    ...(config.zone === undefined ? {} : { zone: config.zone }),
    draining: false,
    program: PROGRAM_VERSION,
  };
}
