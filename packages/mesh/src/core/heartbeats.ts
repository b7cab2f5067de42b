import type { Heartbeat } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';

/** What a member says of itself in each heartbeat. */
export type HeartbeatState = Pick<Heartbeat, 'position' | 'load'>;

/** The side that is to answer speaks by itself once the other is this late, in heartbeat intervals. */
const OVERDUE = 1.25;

/** A heartbeat that comes sooner than this after the last one, in intervals, is not answered. */
const TOO_SOON = 0.2;

/**
 * When heartbeats go out. Of two members the smaller id speaks, to all at the same moment, and the other answers at
 * once: each process is woken about half as often as by two that keep their own time, which was most of an idle
 * member's work. Where the one that is to speak is late, the other does not wait for it.
 */
export class Heartbeats {
  readonly #intervalMs: number;
  readonly #peers: Peers;
  readonly #localState: () => HeartbeatState;
  #roundAt: number;

  /** `random`: 0 <= random < 1, so that members started together don't all speak at once. */
  constructor(
    intervalMs: number,
    peers: Peers,
    localState: () => HeartbeatState,
    now: number,
    random: number,
  ) {
    this.#intervalMs = intervalMs;
    this.#peers = peers;
    this.#localState = localState;
    this.#roundAt = now + intervalMs * random;
  }

  tick(step: Step): void {
    const isRound = step.now >= this.#roundAt;
    if (isRound) this.#roundAt = Math.max(this.#roundAt + this.#intervalMs, step.now + this.#intervalMs / 2);
    for (const peer of this.#peers) {
      if (!peer.isGreeted) continue;
      const isDue = this.#peers.self < peer.id ? isRound : this.#silence(peer, step.now) >= OVERDUE;
      if (isDue) this.#send(peer, step);
    }
  }

  /** Its heartbeat was taken note of. */
  answer(peer: Peer, step: Step): void {
    if (peer.id < this.#peers.self && this.#silence(peer, step.now) >= TOO_SOON) this.#send(peer, step);
  }

  /** How long ago this member spoke to it, in intervals. */
  #silence(peer: Peer, now: number): number {
    return (now - peer.heartbeats.spokenAt) / this.#intervalMs;
  }

  #send(peer: Peer, step: Step): void {
    peer.heartbeats.spoke(step.now);
    step.effects.send(peer.id, {
      kind: 'heartbeat',
      ...this.#localState(),
      sentAt: step.now,
      echo: peer.heartbeats.echo(step.now),
    });
  }
}
