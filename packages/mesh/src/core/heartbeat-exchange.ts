import { lateTogether } from './lateness.js';
import type { Heartbeat } from './messages.js';
import { RoundTrip } from './round-trip.js';

/** The round trip is measured no more often than this, ms. */
const MEASURE_GAP_MS = 400;

/**
 * Both sides' clocks may differ by so much over one heartbeat, ms. Whose clock jumped says that it held the heartbeat for
 * longer than it was away: that is no measure, and the path would look like the fastest for long. Nor is it a date: what
 * waited in a socket for seconds would have been said just now.
 */
const LEAST_MS = -1;

/** A clock that is being set right runs faster by no more than this share: a date by its word is off by as little. */
const RATE_MAX = 0.1;

/** Heartbeats whose echo is known again. */
const SENT_KEPT = 16;

/** What a heartbeat proves by its echo, by this member's own clock. */
export interface Proof {
  /** The echoed heartbeat was sent then: what it answers was said later. */
  readonly saidAfter: number;
  /** It was sent itself then, at the earliest. */
  readonly saidAt: number;
}

/** Heartbeats to and from one member, and the round trip that they measure. */
export class HeartbeatExchange {
  readonly roundTrip = new RoundTrip();
  /** When the last ones were sent, newest last. */
  #sent: number[] = [];
  /** This process stood still until then: what it measures of heartbeats from before is its own lateness. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Its last heartbeat's clock, and when that came. */
  #heard: { readonly sentAt: number; readonly receivedAt: number } | null = null;
  /** The last heartbeat sent had an echo of one of its. */
  #hasEchoed = false;

  /** Last round trip measured; null before the first one. */
  get rttMs(): number | null {
    return this.roundTrip.lastMs;
  }

  /** When it was sent a heartbeat last. */
  get spokenAt(): number {
    return this.#sent.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** It spoke on this connection, and was told nothing since that proves to it that it was heard. */
  get isEchoDue(): boolean {
    return this.#heard !== null && !this.#hasEchoed;
  }

  spoke(now: number): void {
    this.#hasEchoed = this.#heard !== null;
    this.#sent.push(now);
    if (this.#sent.length > SENT_KEPT) this.#sent.shift();
  }

  /** Null where it has no echo of a heartbeat that is known. `ownLateMs`: how late this member is. */
  heard({ sentAt, echo, lateMs }: Heartbeat, ownLateMs: number, now: number): Proof | null {
    this.#heard = { sentAt, receivedAt: now };
    if (echo === null || !this.#sent.includes(echo.sentAt)) return null;
    // Heartbeats that a broken path kept back come all at once, and tell of that path one time.
    const tripMs = now - echo.sentAt - echo.heldMs;
    const isSound = tripMs >= LEAST_MS && echo.sentAt >= this.#notBefore;
    if (isSound && now - this.#measuredAt >= MEASURE_GAP_MS) {
      this.roundTrip.take(tripMs, lateTogether(lateMs ?? 0, ownLateMs));
      this.#measuredAt = now;
    }
    const heldMs = tripMs >= LEAST_MS - RATE_MAX * echo.heldMs ? echo.heldMs : 0;
    return { saidAfter: echo.sentAt, saidAt: Math.min(now, echo.sentAt + heldMs) };
  }

  /** Whether its question between two heartbeats is answered: not again within `gapMs`. */
  tells(now: number, gapMs: number): boolean {
    if (now - this.#toldAt < gapMs) return false;
    this.#toldAt = now;
    return true;
  }

  stalled(now: number): void {
    this.#notBefore = now;
  }

  /** What a heartbeat sent now tells of its last one; null where none came on this connection. */
  echo(now: number): Heartbeat['echo'] {
    const heard = this.#heard;
    return heard && { sentAt: heard.sentAt, heldMs: Math.max(0, now - heard.receivedAt) };
  }

  /** What it said on a connection that is gone, or before it restarted, is not echoed: its clock may be another one. */
  disconnected(): void {
    this.#heard = null;
  }
}
