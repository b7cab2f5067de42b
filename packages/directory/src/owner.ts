import type { Claim } from './claim.js';
import type { Liveness, MemberId, MemberLoad, MemberProfile } from './member.js';

/** One standing claim together with what is known of the member that made it. */
export interface Owner {
  readonly member: MemberId;
  readonly profile: MemberProfile;
  readonly liveness: Liveness;
  readonly load: MemberLoad;
  readonly claim: Claim;
}

/** Negative where `a` comes before `b`. Must give the same answer on every member that knows the same. */
export type OwnerOrder = (a: Owner, b: Owner) => number;

const rank = (owner: Owner): number =>
  (owner.liveness === 'alive' ? 0 : 2) + (owner.profile.draining ? 1 : 0);

const byId = (a: Owner, b: Owner): number => (a.member < b.member ? -1 : a.member > b.member ? 1 : 0);

/**
 * Alive before suspect, staying before draining, then the oldest claim by its owner's own clock, ties by id. Whose
 * clock is right does not matter; that every member agrees does.
 */
export const primaryOrder: OwnerOrder = (a, b) =>
  rank(a) - rank(b) || a.claim.sinceMs - b.claim.sinceMs || byId(a, b);
