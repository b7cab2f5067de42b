import type { Delta } from './delta.js';
import type { Liveness, MemberId } from './member.js';

/**
 * Hears of each change of a directory, in their order and right after it was made, so that a copy to which the same is done
 * in the same order is the same. What changed nothing is not told, and loads are not. A listener must not change the
 * directory, and what it throws goes to whoever made the change.
 */
export interface DirectoryObserver {
  /** Its entries were taken; where it left a gap, or was too much, only a newer generation: then it has no entries. */
  deltaApplied(delta: Delta): void;
  /** The member has another profile, other claims or another position, all at once: to be read from the directory. */
  memberReplaced(member: MemberId): void;
  livenessSet(member: MemberId, liveness: Liveness): void;
  reachSet(member: MemberId, through: readonly MemberId[]): void;
  claimsVoided(member: MemberId): void;
  memberForgotten(member: MemberId): void;
}
