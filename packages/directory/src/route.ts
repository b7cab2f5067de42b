import { sameHost } from './host.js';
import { isLive, type MediaAddress, type MemberId, type MemberProfile } from './member.js';
import type { Owner } from './owner.js';
import { type Candidate, choose } from './rendezvous.js';
import type { StreamKey } from './stream-key.js';

export type PlayProtocol = 'rtmp' | 'http-flv' | 'ws-flv';

/** `auto`: redirect who follows, relay for the others. `redirect` and `relay`: always that. */
export type PlayMode = 'auto' | 'redirect' | 'relay';

/**
 * Where a play comes from. `redirected`: another member sent it here, or this member redirected it moments ago and it
 * came back; it is never redirected again. `relay`: another member's pull; it is served locally or refused.
 */
export type PlayMark = 'none' | 'redirected' | 'relay';

/** Everything about one play that its route depends on. */
export interface PlayRequest {
  readonly key: StreamKey;
  readonly protocol: PlayProtocol;
  /** Whether this client is known to follow a redirect on this protocol. */
  readonly followsRedirect: boolean;
  readonly mark: PlayMark;
  /**
   * With mark `relay`: whose media the other member asks for, since it cannot reach that owner itself. It is passed on from
   * there where this member does not publish the stream.
   */
  readonly relayOf?: MemberId | undefined;
  /** Host name or IP by which the client reached us (tcUrl, `Host` header), without the port; absent where unknown. */
  readonly reachedBy?: string | undefined;
  /** `play.mode` in force for the stream's app. */
  readonly mode: PlayMode;
  /** The client came by TLS, so that is how it goes on where it is sent. Absent: false. */
  readonly isSecure?: boolean | undefined;
  /** It is served here already: then it stays, however full members are. Absent: false. */
  readonly isServed?: boolean | undefined;
  /** This member can take no more plays at the moment, whatever its profile says yet. Absent: false. */
  readonly isFull?: boolean | undefined;
}

/** The answer for one play. `reason` is a stable code, explained in `ROUTE_REASONS`. */
export type Route =
  | { readonly kind: 'local'; readonly reason: 'published-here' }
  | {
      readonly kind: 'redirect';
      readonly reason:
        | 'client-follows-redirects'
        | 'mode-redirect'
        | 'full-other-owner'
        | 'full-other-member'
        | 'draining-other-owner'
        | 'draining-other-member';
      /** An owner, or a member that relays the stream. */
      readonly target: Candidate;
      readonly address: MediaAddress;
    }
  | {
      readonly kind: 'relay';
      readonly reason:
        | 'client-follows-no-redirects'
        | 'mode-relay'
        | 'already-redirected'
        | 'websocket'
        | 'owner-full'
        | 'owner-draining'
        | 'owner-lacks-port'
        | 'passed-on';
      /** Whom to pull from, best first; at least one, never this member. `through` says whom by, where that is another. */
      readonly owners: readonly Owner[];
    }
  | { readonly kind: 'wait'; readonly reason: 'not-published' }
  | { readonly kind: 'refuse'; readonly reason: 'relay-of-unowned' | 'nobody-has-room' };

export type RouteReason = Route['reason'];
type RelayReason = Extract<Route, { kind: 'relay' }>['reason'];

/** What each reason means, for logs, `explain` and the docs. */
export const ROUTE_REASONS: Readonly<Record<RouteReason, string>> = {
  'published-here': 'the stream is published on this member',
  'client-follows-redirects': 'the stream is on another member, and this client follows redirects',
  'mode-redirect': 'the stream is on another member, and play.mode is redirect',
  'client-follows-no-redirects':
    'the stream is on another member, and this client is not known to follow redirects',
  'mode-relay': 'the stream is on another member, and play.mode is relay',
  'already-redirected': 'the stream is on another member, and this play was redirected once already',
  websocket: 'the stream is on another member, and WebSocket clients follow no redirects',
  'owner-full': 'the stream is on a member that is full; this one has room and relays it',
  'owner-draining': 'the stream is on a member that drains and would send players away; this one relays it',
  'owner-lacks-port':
    "the stream is on a member that has no port for this client's protocol, with TLS or without as the client came",
  'full-other-owner': 'this member is full, and another owner of the stream has room',
  'full-other-member': 'this member is full, and another one has room to relay the stream',
  'draining-other-owner': 'this member is draining, and another owner of the stream has room',
  'draining-other-member': 'this member is draining, and another one has room to relay the stream',
  'passed-on': 'another member cannot reach the owner, and pulls its stream through this member',
  'not-published': 'nobody publishes this stream; the player waits until somebody does',
  'relay-of-unowned': 'another member pulled a stream that is not published here',
  'nobody-has-room': 'this member is full, and no other one has room',
};

/** What routing needs to know of the directory. */
export interface RouteView {
  readonly self: MemberId;
  /** This member's own profile: its addresses tell in which network a client reached it. */
  readonly profile: MemberProfile;
  /** Standing claims on a stream, best first. */
  owners(key: StreamKey): readonly Owner[];
  /** Other members that can take more plays. */
  withRoom(): readonly Candidate[];
}

const LOCAL: Route = { kind: 'local', reason: 'published-here' };
const WAIT: Route = { kind: 'wait', reason: 'not-published' };
const RELAY_OF_UNOWNED: Route = { kind: 'refuse', reason: 'relay-of-unowned' };
const NOBODY_HAS_ROOM: Route = { kind: 'refuse', reason: 'nobody-has-room' };

/** Where this play goes. Pure and without I/O: one lookup, nobody is asked. */
export function route(view: RouteView, request: PlayRequest): Route {
  const owners = view.owners(request.key);
  const best = owners[0];
  const isOwn = owners.some(({ member }) => member === view.self);
  if (request.mark === 'relay') return isOwn ? LOCAL : passOn(owners, request.relayOf);
  if (view.profile.draining && request.isServed !== true) {
    const elsewhere = routeOfDraining(view, request, owners);
    if (elsewhere !== null) return elsewhere;
  }
  if (best === undefined) return WAIT;
  if ((view.profile.full === true || request.isFull === true) && request.isServed !== true) {
    const elsewhere = routeOfFull(view, request, owners, best, isOwn);
    if (elsewhere !== null) return elsewhere;
  }
  if (isOwn) return LOCAL;
  const reason = relayReason(request);
  if (reason !== null) return { kind: 'relay', reason, owners };
  // Who would be sent to a full owner is better off here.
  if (best.profile.full === true) return { kind: 'relay', reason: 'owner-full', owners };
  // Who drains would send it on, perhaps back to here.
  if (best.profile.draining) return { kind: 'relay', reason: 'owner-draining', owners };
  if (!canBeSentTo(view, request, best)) return { kind: 'relay', reason: 'owner-lacks-port', owners };
  return redirect(
    view,
    request,
    best,
    request.mode === 'redirect' ? 'mode-redirect' : 'client-follows-redirects',
  );
}

/** The port for this protocol at an address, with TLS or without; null where there is none. */
export function portAt(address: MediaAddress, protocol: PlayProtocol, isSecure: boolean): number | null {
  const isRtmp = protocol === 'rtmp';
  const plain = isRtmp ? address.rtmpPort : address.httpPort;
  const secure = isRtmp ? address.rtmpsPort : address.httpsPort;
  return (isSecure ? secure : plain) || null;
}

/** Whether it has a port for this client, which keeps its scheme. */
function canBeSentTo(view: RouteView, request: PlayRequest, target: Candidate): boolean {
  const address = addressFor(view.profile, target.profile, request.reachedBy);
  return portAt(address, request.protocol, request.isSecure === true) !== null;
}

/**
 * Where a play goes that a full member should not take: who follows redirects, to whoever has room. Null: as if it were not
 * full, for who follows none while others have room, and for who goes elsewhere anyway.
 */
function routeOfFull(
  view: RouteView,
  request: PlayRequest,
  owners: readonly Owner[],
  best: Owner,
  isOwn: boolean,
): Route | null {
  // By `play.mode` alone nobody is sent away from its own stream.
  const canRedirect = relayReason(request) === null && (request.followsRedirect || !isOwn);
  const isSilent = best.claim.silent === true;
  const other = owners.find(
    (owner) =>
      owner.member !== view.self &&
      isLive(owner.liveness) &&
      owner.profile.full !== true &&
      (owner.claim.silent !== true || isSilent) &&
      (!canRedirect || canBeSentTo(view, request, owner)),
  );
  if (canRedirect && other !== undefined)
    return isOwn ? redirect(view, request, other, 'full-other-owner') : null;
  const others = view.withRoom();
  if (others.length === 0 && other === undefined) return request.isFull === true ? NOBODY_HAS_ROOM : null;
  if (!canRedirect) return null;
  const free = others.filter(
    (candidate) =>
      !owners.some((owner) => owner.member === candidate.member) && canBeSentTo(view, request, candidate),
  );
  const relay = choose(request.key, free, view.profile.zone);
  return relay === null ? null : redirect(view, request, relay, 'full-other-member');
}

/**
 * Where a new play goes that follows redirects, while this member drains: to whoever has the stream and room, else to whoever
 * has room, to be served or to wait there. Null: it is served here, as ever.
 */
function routeOfDraining(view: RouteView, request: PlayRequest, owners: readonly Owner[]): Route | null {
  const isOwn = owners.some(({ member }) => member === view.self);
  const isElsewhere = owners.length > 0 && !isOwn;
  // By `play.mode` alone nobody is sent away from its own stream, or to wait.
  if (relayReason(request) !== null || !(request.followsRedirect || isElsewhere)) return null;
  const free = view.withRoom().filter((candidate) => canBeSentTo(view, request, candidate));
  const isFree = ({ member }: Candidate): boolean => free.some((candidate) => candidate.member === member);
  const flowing = owners.find((owner) => owner.claim.silent !== true && isFree(owner));
  const owner = flowing ?? owners.find(isFree);
  // As without a drain: the best owner is the other one.
  if (owner !== undefined) return isOwn ? redirect(view, request, owner, 'draining-other-owner') : null;
  const other = choose(request.key, free, view.profile.zone);
  return other === null ? null : redirect(view, request, other, 'draining-other-member');
}

function redirect(
  view: RouteView,
  request: PlayRequest,
  target: Candidate,
  reason: Extract<Route, { kind: 'redirect' }>['reason'],
): Route {
  const address = addressFor(view.profile, target.profile, request.reachedBy);
  return { kind: 'redirect', reason, target, address };
}

/** Pulled from that very owner, which this member reaches itself: so no pull passes through two members. */
function passOn(owners: readonly Owner[], relayOf: MemberId | undefined): Route {
  const owner = owners.find(({ member }) => member === relayOf);
  if (owner === undefined || (owner.through ?? null) !== null) return RELAY_OF_UNOWNED;
  return { kind: 'relay', reason: 'passed-on', owners: [owner] };
}

/** Why this play must be relayed rather than redirected; null where a redirect is right. */
function relayReason(request: PlayRequest): RelayReason | null {
  if (request.protocol === 'ws-flv') return 'websocket';
  if (request.mark === 'redirected') return 'already-redirected';
  if (request.mode === 'relay') return 'mode-relay';
  if (request.mode === 'auto' && !request.followsRedirect) return 'client-follows-no-redirects';
  return null;
}

/**
 * The target's address in the network in which the client reached us, told by the host name it used, since NAT hides
 * where it really is. Where that name is none of ours, or the target is not in that network: the target's first.
 */
export function addressFor(
  self: MemberProfile,
  target: MemberProfile,
  reachedBy: string | undefined,
): MediaAddress {
  const first = target.addresses[0] ?? target.relayAddress;
  if (reachedBy === undefined) return first;
  const network = self.addresses.find((address) => sameHost(address.host, reachedBy))?.network;
  return target.addresses.find((address) => address.network === network) ?? first;
}
