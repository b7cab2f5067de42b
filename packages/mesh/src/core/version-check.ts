import type { Hello } from './messages.js';
import type { Peer } from './peer.js';
import type { Step } from './step.js';
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
  step: Step,
): boolean {
  const version = commonVersion(own, speaks);
  if (version !== null) {
    peer.agreedOn(version);
    return true;
  }
  if (!peer.incompatible(name, `${program} ${formatVersions(speaks)}`, step.now)) return false;
  step.effects.log('error', 'no common protocol version', {
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
