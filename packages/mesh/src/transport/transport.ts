import type { MemberId } from '@headwater/directory';
import type { SeedOutcome, Whereabouts } from '../core/input.js';
import type { MeshKey } from '../derived-key.js';

/** What a transport tells; also from within a call of one of the transport's own methods. */
export interface TransportEvents {
  /**
   * A connection with this member stands, and its key proved who it is. Comes again for each further connection (both
   * dialled at once, or the member restarted before its old connection closed): whoever needs a greeting sends one.
   */
  connected(peer: MemberId, from: Whereabouts): void;
  /** The last connection with this member is gone. Comes once after the last `connected`; no `direct` after it. */
  disconnected(peer: MemberId, reason: string): void;
  /** None of the addresses led to this member. Comes once for each `dial` that does not end in a connection, with its `startedAt`. */
  dialFailed(peer: MemberId, reason: string, startedAt: number): void;
  /** Comes once for each `visit`. */
  seedVisited(seed: string, outcome: SeedOutcome): void;
  /** In order as sent, while one connection stands; whole, at most once. */
  direct(peer: MemberId, bytes: Uint8Array): void;
  /** In any order, late, twice or never, also from members that are not connected. Returns whether to hand it on. */
  broadcast(bytes: Uint8Array, via: MemberId): boolean;
  /** Broke the framing or went over a limit; the connection is closed. */
  offence(peer: MemberId, reason: string): void;
}

/** How much is under way at the moment, each with the limit that bounds it. */
export interface TransportGauges {
  /** Connections that carry our stream; one for each member in the end. */
  readonly links: number;
  /** Of others, not secured yet: at most `PENDING_CONNECTIONS_MAX`. */
  readonly pendingConnections: number;
  /** At most `DIALS_MAX`, each for `TURN_MS` at most; the dial itself may go on. */
  readonly dialTurns: number;
  readonly dialsWaiting: number;
  /** Dials begun since the start: at most `DIALS_PER_SECOND_MAX` in a second, and as many once ahead of that. */
  readonly dialsBegun: number;
}

/**
 * The network as a member sees it. Only holders of the mesh key get in, and ids are proved by keys. Nothing here throws
 * for what others do, waits without a limit or grows without one: where a member does not take what it is sent, its
 * connection is closed, and repair follows on the next one.
 *
 * libp2p is one implementation, the simulator's lossy network another; both pass the same tests.
 */
export interface Transport {
  readonly self: MemberId;
  /** Port really bound. */
  readonly port: number;
  /** Absent where it bounds nothing of its own. */
  readonly gauges?: TransportGauges;
  /**
   * Tries all addresses (`host:port`); ends in `connected` or `dialFailed` within some seconds. `startedAt`: whatever tells
   * this dial from others.
   */
  dial(peer: MemberId, addresses: readonly string[], startedAt: number): void;
  /** Connects to everybody behind a seed's address, which may be a name of many; ends in `seedVisited`. */
  visit(seed: string): void;
  /** Best effort, in order. What is sent to a member that is not connected is dropped. */
  send(peer: MemberId, bytes: Uint8Array): void;
  /** Best effort to every connected member, and through them to others. */
  broadcast(bytes: Uint8Array): void;
  /** New connections are made with these keys, the first of them first; those that stand stay. Absent: it has no keys. */
  setKeys?(keys: readonly MeshKey[]): void;
  /** Closes all connections with a member; refuses new ones for `refuseMs`. */
  disconnect(peer: MemberId, reason: string, refuseMs: number): void;
  /** Sends what is queued, as far as it goes in a short time, and closes all. Never rejects. */
  close(): Promise<void>;
}
