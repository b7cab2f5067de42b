import type { Candidate } from './rendezvous.js';

/** Those in this zone where there are any, else all. */
export function nearest(candidates: readonly Candidate[], zone: string | undefined): readonly Candidate[] {
  const near = zone === undefined ? [] : candidates.filter(({ profile }) => profile.zone === zone);
  return near.length > 0 ? near : candidates;
}

/** Those of the lowest load level. */
export function leastLoaded(candidates: readonly Candidate[]): readonly Candidate[] {
  const least = Math.min(...candidates.map(levelOf));
  return candidates.filter((candidate) => levelOf(candidate) === least);
}

const levelOf = ({ profile }: Candidate): number => profile.loadLevel ?? 0;
