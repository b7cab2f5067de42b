import type { MemberId, MemberProfile } from './member.js';
import type { Owner } from './owner.js';
import { type Candidate, ranked } from './rendezvous.js';
import type { RouteView } from './route.js';

/** How a member pulls a stream from an owner where relays may pull from each other (`relay.tree`). */
export type RelayWay =
  /** It pulls from the owner itself. `head`: others of its zone may pull through it. */
  | { readonly kind: 'direct'; readonly reason: 'head' | 'nobody-else' | 'out-of-reach' }
  /** A head of its zone pulls from the owner for it. */
  | { readonly kind: 'through'; readonly head: Candidate };

/** Heads of a stream in the zone of its owner, where a pull crosses no border: a hop less for most of a small mesh. */
export const HEADS_OF_OWN_ZONE = 3;
/** Members of a zone for each of its heads, itself counted: from so many more on there is one head more. */
export const PULLS_PER_HEAD_MAX = 16;

/**
 * From whom this member pulls an owner's stream, so that one member of each zone does so for all of it. Every member chooses by
 * itself from what it knows anyway: the members of its zone that have room, in the order that rendezvous hashing gives them
 * for this stream. The first ones are its heads, and each of the others has one of these. Members that set no zone are one zone.
 *
 * A head is asked for the owner's media (`relayOf`), which it pulls from the owner itself or not at all. So whatever members
 * believe of each other, a stream passes one member on its way, and goes nowhere in circles.
 *
 * `avoided`: members through which the stream did not come well; they are not chosen. Pure and from memory, like a route.
 */
export function relayWay(
  view: Pick<RouteView, 'self' | 'profile' | 'owners' | 'withRoom'>,
  owner: Pick<Owner, 'member' | 'profile' | 'claim' | 'through'>,
  avoided: ReadonlySet<MemberId> = NOBODY,
): RelayWay {
  // The way around is found already.
  if ((owner.through ?? null) !== null) return OUT_OF_REACH;
  const { key } = owner.claim;
  const { self, profile } = view;
  const owners = new Set(view.owners(key).map(({ member }) => member));
  const isOther = ({ member, profile: { zone } }: Candidate): boolean =>
    zone === profile.zone && member !== self && member !== owner.member && !owners.has(member);
  const others = view
    .withRoom()
    .filter(
      (candidate) =>
        isOther(candidate) && !avoided.has(candidate.member) && canBePulledFrom(candidate.profile),
    );
  if (others.length === 0) return NOBODY_ELSE;
  // Others pass this one over while it is full or drains; so it does itself, and is one of those that have a head.
  const hasRoom = !profile.draining && profile.full !== true;
  const order = ranked(key, hasRoom ? [...others, { member: self, profile }] : others);
  const heads = order.slice(0, headCount(order.length, owner.profile.zone === profile.zone));
  const place = order.findIndex(({ member }) => member === self);
  if (place >= 0 && place < heads.length) return HEAD;
  const head = heads[Math.max(0, place) % heads.length];
  return head === undefined ? NOBODY_ELSE : { kind: 'through', head };
}

function headCount(members: number, isOwnZone: boolean): number {
  const needed = Math.ceil(members / PULLS_PER_HEAD_MAX);
  return isOwnZone ? Math.max(HEADS_OF_OWN_ZONE, needed) : needed;
}

const canBePulledFrom = ({ relayAddress, relayKeyHash }: MemberProfile): boolean =>
  relayAddress.rtmpPort !== 0 || (relayAddress.rtmpsPort !== undefined && relayKeyHash !== undefined);

const NOBODY: ReadonlySet<MemberId> = new Set();
const HEAD: RelayWay = { kind: 'direct', reason: 'head' };
const NOBODY_ELSE: RelayWay = { kind: 'direct', reason: 'nobody-else' };
const OUT_OF_REACH: RelayWay = { kind: 'direct', reason: 'out-of-reach' };
