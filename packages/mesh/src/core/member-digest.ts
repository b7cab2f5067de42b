// biome-ignore lint/style/noRestrictedImports: a hash is a pure function, without I/O or randomness.
import { createHash } from 'node:crypto';
import type { MemberId } from '@headwater/directory';

/** Bytes that stand for one member in a list such as `hears`: two of 256 members share them once in 2^33 meshes. */
export const MEMBER_DIGEST_BYTES = 6;

/** The first bytes of SHA-256 over the id's UTF-8 text. Costs some us: keep it beside whatever else is kept of the member. */
export const memberDigest = (id: MemberId): Uint8Array =>
  createHash('sha256').update(id, 'utf8').digest().subarray(0, MEMBER_DIGEST_BYTES);

/** Digests, one after the other. */
export function joinDigests(digests: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(digests.length * MEMBER_DIGEST_BYTES);
  digests.forEach((digest, index) => {
    joined.set(digest, index * MEMBER_DIGEST_BYTES);
  });
  return joined;
}

/** Whether a digest is among `joined` ones. */
export function includesDigest(joined: Uint8Array, digest: Uint8Array): boolean {
  for (let at = 0; at + MEMBER_DIGEST_BYTES <= joined.byteLength; at += MEMBER_DIGEST_BYTES) {
    let same = 0;
    while (same < MEMBER_DIGEST_BYTES && joined[at + same] === digest[same]) same += 1;
    if (same === MEMBER_DIGEST_BYTES) return true;
  }
  return false;
}
