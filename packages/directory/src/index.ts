export type { Claim, Entry, MediaInfo } from './claim.js';
export { comparePositions, type Delta, type Digest, type LogPosition, type Snapshot } from './delta.js';
export {
  type Applied,
  Directory,
  type DirectoryLimits,
  type DirectoryView,
  type StagedSnapshot,
} from './directory.js';
export type { DirectoryObserver } from './directory-observer.js';
export { forwardTarget, type PublishForward } from './forward-target.js';
export {
  hostPort,
  ipv6Groups,
  isAnyIpv4,
  isHost,
  isHostAndPort,
  isWildcard,
  plainAddress,
  sameHost,
} from './host.js';
export { LOAD_LEVEL_MAX, nextLoadLevel } from './load-level.js';
export {
  claimsStand,
  isLive,
  type Liveness,
  type MediaAddress,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NO_LOAD,
  type Role,
} from './member.js';
export { isMemberName, isNetworkName, isZone } from './member-labels.js';
export type { MemberState } from './member-record.js';
export { ORDER_REASONS, type OrderReason, orderReason } from './order-reason.js';
export { type LogCut, OwnLog } from './own-log.js';
export {
  type Owner,
  type OwnerOrder,
  type OwnerPolicy,
  ownerOrder,
  ownerThrough,
  primaryOrder,
} from './owner.js';
export { ALL_STREAMS, OwnersChange, type StreamKeys } from './owners-change.js';
export { type PublisherMove, type PublishTarget, publishElsewhere } from './publish-elsewhere.js';
export { relayAddressFor } from './relay-address.js';
export {
  HEADS_OF_OWN_ZONE,
  PULLS_PER_HEAD_MAX,
  type RelayWay,
  relayWay,
} from './relay-tree.js';
export type { Candidate } from './rendezvous.js';
export {
  addressFor,
  type PlayMark,
  type PlayMode,
  type PlayProtocol,
  type PlayRequest,
  portAt,
  ROUTE_REASONS,
  type Route,
  type RouteReason,
  type RouteView,
  route,
} from './route.js';
export { Slice } from './slice.js';
export {
  appOf,
  DEFAULT_VHOST,
  displayStreamKey,
  NAME_LENGTH_MAX,
  nameProblem,
  parseStreamKey,
  type StreamKey,
  type StreamName,
  streamKey,
  streamNameProblem,
} from './stream-key.js';
