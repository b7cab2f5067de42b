import { TELL_GAP_MS, TOLD_GAP_MS } from './limits.js';
import type { Heartbeat } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';

/** What a member says of itself in each heartbeat. */
export type HeartbeatState = Pick<Heartbeat, 'position' | 'load' | 'hears' | 'lateMs'>;

/** The side that is to answer speaks by itself once the other is this late, in heartbeat intervals. */
const OVERDUE = 1.25;

/** A heartbeat that comes sooner than this after the last one, in intervals, is not answered, unless it is the first one. */
const TOO_SOON = 0.2;

/** Who follows another's round makes its own with it, unless the last one was less than so many intervals ago. */
const TOGETHER = 0.75;

/**
 * When heartbeats go out. Of two members the smaller id speaks, to all at the same moment, and the other answers at
 * once: each process is woken about half as often as by two that keep their own time, which was most of an idle
 * member's work. Where the one that is to speak is late, the other does not wait for it.
 *
 * All rounds are made with that of the smallest id that is heard, within some intervals of the first word from it: then what
 * is to be read and to be answered comes at one moment of each interval, and a member sleeps in between. Who has nobody to
 * follow, or is not led any more, keeps its own time.
 *
 * Some go out between: to some or all when a member is not heard any more, and to whoever waits for this one's word about
 * it.
 */
export class Heartbeats {
  readonly #intervalMs: number;
  readonly #peers: Peers;
  readonly #stateToTell: (now: number) => HeartbeatState;
  #roundAt: number;
  #lastRoundAt = Number.NEGATIVE_INFINITY;
  #toldAllAt = Number.NEGATIVE_INFINITY;
  #isTellDue = false;

  /** `random`: 0 <= random < 1, so that members started together don't all speak at once. */
  constructor(
    intervalMs: number,
    peers: Peers,
    stateToTell: (now: number) => HeartbeatState,
    now: number,
    random: number,
  ) {
    this.#intervalMs = intervalMs;
    this.#peers = peers;
    this.#stateToTell = stateToTell;
    this.#roundAt = now + intervalMs * random;
  }

  tick(step: Step): void {
    if (step.now >= this.#roundAt) {
      this.#roundAt = Math.max(this.#roundAt + this.#intervalMs, step.now + this.#intervalMs / 2);
      this.#round(step);
    }
    for (const peer of this.#peers)
      if (peer.isGreeted && peer.id < this.#peers.self && this.#silence(peer, step.now) >= OVERDUE)
        this.#send(peer, step);
  }

  /** A member spoke: its round leads this one's, where nobody's with a smaller id does. */
  follow(peer: Peer, step: Step): void {
    if (peer.id > this.#peers.self) return;
    for (const { id, isHeard } of this.#peers) if (isHeard && id < peer.id) return;
    if (step.now - this.#lastRoundAt >= TOGETHER * this.#intervalMs) this.#round(step);
    this.#roundAt = this.#lastRoundAt + OVERDUE * this.#intervalMs;
  }

  /** Speaks to all whose turn it is not. */
  #round(step: Step): void {
    this.#lastRoundAt = step.now;
    for (const peer of this.#peers) if (peer.isGreeted && this.#peers.self < peer.id) this.#send(peer, step);
  }

  /** Its heartbeat was taken note of. `isAwaited`: it waits for this member's word about another one. */
  answer(peer: Peer, isAwaited: boolean, step: Step): void {
    // Who spoke by itself before, since it had heard nothing, told nothing that dates its words: they count for less.
    const isDue = peer.heartbeats.isEchoDue || this.#silence(peer, step.now) >= TOO_SOON;
    const isTurn = peer.id < this.#peers.self && isDue;
    const isToldNow = isAwaited && peer.heartbeats.tells(step.now, TOLD_GAP_MS);
    if (isTurn || isToldNow) this.#send(peer, step);
  }

  /** Out of turn. */
  tell(peer: Peer, step: Step): void {
    if (peer.isGreeted) this.#send(peer, step);
  }

  /** All are to be told soon that some member is not heard any more. */
  tellSoon(): void {
    this.#isTellDue = true;
  }

  /** All are to be told then; null: there is nothing to tell. */
  get tellAt(): number | null {
    return this.#isTellDue ? this.#toldAllAt + TELL_GAP_MS : null;
  }

  /** Tells all what is due. */
  tellDue(step: Step): void {
    if (!this.#isTellDue || step.now < this.#toldAllAt + TELL_GAP_MS) return;
    this.#isTellDue = false;
    this.#toldAllAt = step.now;
    for (const peer of this.#peers.greeted()) this.#send(peer, step);
  }

  /** How long ago this member spoke to it, in intervals. */
  #silence(peer: Peer, now: number): number {
    return (now - peer.heartbeats.spokenAt) / this.#intervalMs;
  }

  #send(peer: Peer, step: Step): void {
    peer.heartbeats.spoke(step.now);
    const state = this.#stateToTell(step.now);
    peer.told = state.hears ?? peer.told;
    step.effects.send(peer.id, {
      kind: 'heartbeat',
      ...state,
      sentAt: step.now,
      echo: peer.heartbeats.echo(step.now),
    });
  }
}
