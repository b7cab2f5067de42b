import { sameHost } from './host.js';
import { leastLoaded, nearest } from './least-loaded.js';
import type { MediaAddress, MemberId, MemberProfile } from './member.js';
import { choose } from './rendezvous.js';
import { portAt, type RouteView } from './route.js';
import type { StreamKey } from './stream-key.js';

/** A publisher that is to go to another member, as far as that choice depends on it. */
export interface PublisherMove {
  readonly key: StreamKey;
  /** Host name or IP by which it reached this member, without the port; absent where unknown. */
  readonly reachedBy?: string;
  /** It came by TLS, and goes on by TLS. */
  readonly isSecure: boolean;
}

export interface PublishTarget {
  readonly member: MemberId;
  readonly profile: MemberProfile;
  /** Has a port for this publisher. */
  readonly address: MediaAddress;
}

/**
 * The member that a publisher here is asked to go to: an origin that is alive, stays and has room, does not have the stream
 * already (there the publisher would be refused), and is reached in the publisher's network; of those the ones in this
 * member's zone, of those the least loaded, and of these one by the stream, so that many publishers spread. Null where
 * there is none. Pure and from memory, like a route.
 */
export function publishElsewhere(view: RouteView, move: PublisherMove): PublishTarget | null {
  const { profile } = view;
  const owners = new Set(view.owners(move.key).map(({ member }) => member));
  const targets = new Map<MemberId, PublishTarget>();
  for (const candidate of view.withRoom()) {
    if (candidate.member === view.self || candidate.profile.role !== 'origin') continue;
    if (owners.has(candidate.member)) continue;
    const address = addressInNetwork(profile, candidate.profile, move.reachedBy);
    if (address === null || portAt(address, 'rtmp', move.isSecure) === null) continue;
    targets.set(candidate.member, { ...candidate, address });
  }
  const chosen = choose(move.key, leastLoaded(nearest([...targets.values()], profile.zone)), undefined);
  return chosen === null ? null : (targets.get(chosen.member) ?? null);
}

/** The target's address in the publisher's network; its first where that network is not known; null where it is not in it. */
function addressInNetwork(
  self: MemberProfile,
  target: MemberProfile,
  reachedBy: string | undefined,
): MediaAddress | null {
  const own = self.addresses.find(({ host }) => reachedBy !== undefined && sameHost(host, reachedBy));
  if (own === undefined) return target.addresses[0] ?? target.relayAddress;
  return target.addresses.find(({ network }) => network === own.network) ?? null;
}
