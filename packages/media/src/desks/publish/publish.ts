import type { PublisherFeed } from '../../stream/publisher-feed.js';
import type { Departure } from './departure.js';
import type { FlowClaim } from './flow-claim.js';
import type { PublishFeed, PublishSession } from './publish-session.js';

/** A publisher that was accepted on this member, until its publish ends. */
export interface Publish {
  readonly session: PublishSession;
  readonly source: PublisherFeed;
  readonly sinceMs: number;
  /** By the monotonic clock. */
  lastMediaMs: number;
  /** Of media and data that it sent. */
  bytesIn: number;
  /** Whether its media flows, as the mesh is told. */
  readonly flow: FlowClaim;
  /** It was told that it has sent nothing since it was accepted. */
  isMuteTold: boolean;
  departure: Departure;
  /** Others know of it: at once, or where it goes on with another origin's publish as soon as its past is here. */
  isClaimed: boolean;
  /** It is being handed over to another origin. */
  handedOver: PublishFeed | null;
}
