import { type MediaAddress, relayAddressFor } from '@headwater/directory';
import type { RelayAddress } from '@headwater/media';
import type { MemberView } from '@headwater/mesh';
import { parseHostPort } from './config/address.js';

/** What is used of a member. */
type Reached = Pick<MemberView, 'profile' | 'dialledAt' | 'remoteIp'>;

/** Where this member pulls from that one, by how the mesh reaches it; null where it has told nothing of itself yet. */
export function pulledAt({ profile, dialledAt, remoteIp }: Reached): MediaAddress | null {
  if (profile === null) return null;
  const dialled = dialledAt === undefined ? null : parseHostPort(dialledAt);
  const reachedAt = [dialled?.host, remoteIp].filter((host) => host !== undefined);
  return relayAddressFor(profile, reachedAt);
}

/**
 * The same with the way it is done: by TLS where this member is to (`relay.tls`) or nothing else is offered, and that one
 * has told by which key it is known.
 */
export function pulledBy(member: Reached, relayTls: boolean): RelayAddress | null {
  const address = pulledAt(member);
  if (address === null) return null;
  const { host, rtmpPort, rtmpsPort: port } = address;
  const keyHash = member.profile?.relayKeyHash;
  const isByTls = (relayTls || rtmpPort === 0) && port !== undefined && keyHash !== undefined;
  return { host, rtmpPort, ...(isByTls && { tls: { port, keyHash } }) };
}
