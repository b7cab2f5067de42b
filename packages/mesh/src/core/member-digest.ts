// biome-ignore lint/style/noRestrictedImports: a hash is a pure function, without I/O or randomness.
import { createHash } from 'node:crypto';
import type { MemberId } from '@headwater/directory';

/** Bytes that stand for one start of a member in a list such as `hears`: two of 256 share them once in 2^33 meshes. */
export const MEMBER_DIGEST_BYTES = 6;

/**
 * The first bytes of SHA-256 over the UTF-8 text `id/generation`, the generation in decimal digits. It means one start of a
 * member: who hears its next start does not hear this one. Costs some us: keep it beside whatever else is kept of the
 * member.
 */
export const startDigest = (id: MemberId, generation: number): Uint8Array =>
  createHash('sha256').update(`${id}/${generation}`, 'utf8').digest().subarray(0, MEMBER_DIGEST_BYTES);

/** Digests, one after the other. */
export function joinDigests(digests: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(digests.length * MEMBER_DIGEST_BYTES);
  digests.forEach((digest, index) => {
    joined.set(digest, index * MEMBER_DIGEST_BYTES);
  });
  return joined;
}

/** The same digests as numbers: 48 bits are a whole number. For who looks often among many. */
export function digestsIn(joined: Uint8Array): ReadonlySet<number> {
  const digests = new Set<number>();
  for (let at = 0; at + MEMBER_DIGEST_BYTES <= joined.byteLength; at += MEMBER_DIGEST_BYTES)
    digests.add(digestNumber(joined, at));
  return digests;
}

export function digestNumber(bytes: Uint8Array, at = 0): number {
  let number = 0;
  for (let index = at; index < at + MEMBER_DIGEST_BYTES; index += 1)
    number = number * 256 + (bytes[index] ?? 0);
  return number;
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
