import { leastLoaded, nearest } from './least-loaded.js';
import type { MemberId } from './member.js';
import { type Candidate, choose } from './rendezvous.js';
import type { RouteView } from './route.js';
import type { StreamKey } from './stream-key.js';

/** A publish that goes to an origin through this member, as far as the choice of that origin depends on it. */
export interface PublishForward {
  readonly key: StreamKey;
  /** Origins that are not to be tried now: the one that has it, and those that failed lately. */
  readonly avoid: ReadonlySet<MemberId>;
}

/**
 * The origin that a publish here is forwarded to: alive, reached directly, staying and with room. One that has no publisher
 * of this stream, since there is one on each; where all have, one of those, which says itself whether it takes another. Of
 * these one in this member's zone, of those the least loaded, and of these one by the stream, so that many publishers
 * spread. Null where there is none. Pure and from memory, like a route.
 */
export function forwardTarget(view: RouteView, { key, avoid }: PublishForward): Candidate | null {
  const origins = view
    .withRoom()
    .filter(({ member, profile }) => member !== view.self && profile.role === 'origin' && !avoid.has(member));
  const owners = new Set(view.owners(key).map(({ member }) => member));
  const free = origins.filter(({ member }) => !owners.has(member));
  const pool = free.length > 0 ? free : origins;
  return choose(key, leastLoaded(nearest(pool, view.profile.zone)), undefined);
}
