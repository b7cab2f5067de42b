import type { Effects } from './effects.js';
import { VERSIONS_REST_MS } from './limits.js';
import type { Hello } from './messages.js';
import type { Peer } from './peer.js';
import { commonVersion, formatVersions, ONLY_FIRST, type VersionRange } from './versions.js';

/**
 * Settles which version of the protocol is used with a member. Where both speak none, its hello does not count: people
 * are told once, on both sides, since each reads the other's hello before the connection ends (`VERSIONS_REST_MS`).
 * That is nobody's offence.
 */
export function settleVersion(
  own: VersionRange,
  { name, program, speaks = ONLY_FIRST }: Hello,
  peer: Peer,
  now: number,
  effects: Effects,
): boolean {
  const version = commonVersion(own, speaks);
  peer.version = version;
  if (version !== null) return true;
  peer.name = name;
  peer.isGreeted = false;
  peer.refusedUntil = now + VERSIONS_REST_MS;
  const told = `${program} ${formatVersions(speaks)}`;
  if (peer.versionsTold === told) return false;
  peer.versionsTold = told;
  effects.log('error', 'no common protocol version', {
    member: peer.id,
    memberName: name,
    program,
    addresses: peer.addresses,
    ownVersions: formatVersions(own),
    otherVersions: formatVersions(speaks),
    reason: 'the two members have no version of the mesh protocol in common, so neither hears the other',
    hint:
      speaks.max < own.min
        ? 'upgrade that member, by way of a release that speaks both versions'
        : 'upgrade this member, by way of a release that speaks both versions',
  });
  return false;
}
