import type { LocalState } from './local-state.js';
import type { Peers } from './peers.js';

/** How much a member holds for others beside the directory; each has a limit of that name or is bounded by one. */
export interface Gauges {
  /** At most `PEERS_MAX`. */
  readonly peers: number;
  readonly strangers: number;
  /** Dead or left, and not forgotten yet. */
  readonly gone: number;
  /** In the directory, this member's own included; at most `MEMBERS_MAX`. */
  readonly records: number;
  /** Dials and visits of seeds, on the average of the last 10 s: `DIALS_PER_SECOND_MAX`, for a moment more. */
  readonly dialsPerSecond: number;
  /** Of one peer, at most `PENDING_DELTAS_MAX`. */
  readonly pendingDeltas: number;
  /** Of one peer, at most `ENVELOPES_KEPT_MAX` and `ENVELOPES_KEPT_BYTES_MAX`. */
  readonly envelopes: number;
  readonly envelopeBytes: number;
  /** Of one peer, at most `ADDRESSES_PER_MEMBER_MAX` that it told, and as many of each of the last two words of others. */
  readonly addresses: number;
  /** Members whose log goes on beyond what is held of it. */
  readonly behind: number;
  /** No more than peers. */
  readonly speakers: number;
}

export function gaugesOf(peers: Peers, local: LocalState, dialsPerSecond: number): Gauges {
  let [strangers, gone, behind, pendingDeltas, envelopes, envelopeBytes, addresses] = [0, 0, 0, 0, 0, 0, 0];
  for (const peer of peers) {
    if (!peer.isMet) strangers += 1;
    if (peer.goneSince !== null) gone += 1;
    if (peer.follower.isBehind) behind += 1;
    pendingDeltas = Math.max(pendingDeltas, peer.follower.pendingCount);
    envelopes = Math.max(envelopes, peer.envelopes.count);
    envelopeBytes = Math.max(envelopeBytes, peer.envelopes.bytes);
    addresses = Math.max(addresses, peer.addresses.length);
  }
  return {
    peers: peers.size,
    strangers,
    gone,
    behind,
    records: peers.directory.memberCount,
    dialsPerSecond,
    pendingDeltas,
    envelopes,
    envelopeBytes,
    addresses,
    speakers: local.speakers,
  };
}
