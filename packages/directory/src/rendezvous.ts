import type { MemberId, MemberProfile } from './member.js';
import type { StreamKey } from './stream-key.js';

/** A member that may be chosen for a stream. */
export interface Candidate {
  readonly member: MemberId;
  readonly profile: MemberProfile;
}

/**
 * One of the candidates for this stream: those in `zone` first, then the one with the lowest hash of stream and id
 * (rendezvous hashing). Whoever has the same candidates chooses the same one, streams are spread over all, and one
 * candidate more or less moves no more streams than it must.
 */
export function choose(
  key: StreamKey,
  candidates: readonly Candidate[],
  zone: string | undefined,
): Candidate | null {
  const near = zone === undefined ? [] : candidates.filter(({ profile }) => profile.zone === zone);
  const seed = fnv1a(key, FNV_OFFSET);
  let best: Candidate | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  for (const candidate of near.length > 0 ? near : candidates) {
    const hash = mixed(fnv1a(candidate.member, seed));
    const isLower = hash < lowest || (hash === lowest && best !== null && candidate.member < best.member);
    if (!isLower) continue;
    best = candidate;
    lowest = hash;
  }
  return best;
}

/**
 * All of the candidates in their order for this stream: by the same hash, so that `choose` without a zone gives the first. Whoever
 * has the same candidates has the same order, and one more or less leaves the others as they are among each other.
 */
export function ranked<C extends Pick<Candidate, 'member'>>(
  key: StreamKey,
  candidates: readonly C[],
): readonly C[] {
  const seed = fnv1a(key, FNV_OFFSET);
  return candidates
    .map((candidate) => ({ candidate, hash: mixed(fnv1a(candidate.member, seed)) }))
    .sort((a, b) => a.hash - b.hash || (a.candidate.member < b.candidate.member ? -1 : 1))
    .map(({ candidate }) => candidate);
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, 32 bits, over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: FNV alone leaves the last character mostly in the low bits. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
