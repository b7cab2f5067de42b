import type { Claim } from './claim.js';
import { isLive, type Liveness, type MemberId, type MemberLoad, type MemberProfile } from './member.js';

/** One standing claim together with what is known of the member that made it. */
export interface Owner {
  readonly member: MemberId;
  readonly profile: MemberProfile;
  readonly liveness: Liveness;
  readonly load: MemberLoad;
  readonly claim: Claim;
  /** The member to pull through, since this one cannot reach the owner itself; null or absent: pulled from the owner. */
  readonly through?: MemberId | null;
}

/** The same owner as it is now, pulled another way. Owners of the directory are views, which must not be spread. */
export function ownerThrough(owner: Owner, through: MemberId | null): Owner {
  const { member, profile, liveness, load, claim } = owner;
  return { member, profile, liveness, load, claim, through };
}

/** Negative where `a` comes before `b`. Must give the same answer on every member that knows the same. */
export type OwnerOrder = (a: Owner, b: Owner) => number;

/** How a stream's owners are ordered. `primary`: the oldest claim first. `spread`: the least loaded member first. */
export type OwnerPolicy = 'primary' | 'spread';

/**
 * Flowing before silent, then known to live before suspect, then with room before full, then reachable directly before
 * unreachable, then staying before draining.
 */
const rank = ({ claim, liveness, profile }: Owner): number =>
  (claim.silent === true ? 16 : 0) +
  (isLive(liveness) ? 0 : 8) +
  (profile.full === true ? 4 : 0) +
  (liveness === 'unreachable' ? 2 : 0) +
  (profile.draining ? 1 : 0);

const byId = (a: Owner, b: Owner): number => (a.member < b.member ? -1 : a.member > b.member ? 1 : 0);

/**
 * By rank, then the oldest claim by its owner's own clock, ties by id. Whose clock is right does not matter; that every
 * member agrees does.
 */
export const primaryOrder: OwnerOrder = (a, b) =>
  rank(a) - rank(b) || a.claim.sinceMs - b.claim.sinceMs || byId(a, b);

const level = (owner: Owner): number => owner.profile.loadLevel ?? 0;

/** As `primaryOrder`, but the lower load level goes before the older claim. */
const spreadOrder: OwnerOrder = (a, b) => rank(a) - rank(b) || level(a) - level(b) || primaryOrder(a, b);

/**
 * The order of owners as a member in `zone` sees it: by rank, within one rank those in its own zone first, and then by
 * policy. All members of one zone agree, and where no zones are set all members do: apart from liveness,
 * everything used is in the owners' own logs.
 */
export function ownerOrder(policy: OwnerPolicy, zone?: string): OwnerOrder {
  const order = policy === 'spread' ? spreadOrder : primaryOrder;
  if (zone === undefined) return order;
  const distance = (owner: Owner): number => (owner.profile.zone === zone ? 0 : 1);
  return (a, b) => rank(a) - rank(b) || distance(a) - distance(b) || order(a, b);
}
