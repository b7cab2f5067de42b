import { type MediaAddress, relayAddressFor } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import { parseHostPort } from './config/address.js';

/** Where this member pulls from that one, by how the mesh reaches it; null where it has told nothing of itself yet. */
export function pulledAt({
  profile,
  dialledAt,
  remoteIp,
}: Pick<MemberView, 'profile' | 'dialledAt' | 'remoteIp'>): MediaAddress | null {
  if (profile === null) return null;
  const dialled = dialledAt === undefined ? null : parseHostPort(dialledAt);
  const reachedAt = [dialled?.host, remoteIp].filter((host) => host !== undefined);
  return relayAddressFor(profile, reachedAt);
}
