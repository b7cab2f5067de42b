import type { Heartbeat } from './messages.js';
import { RoundTrip } from './round-trip.js';

/** The round trip is measured no more often than this, ms. */
const MEASURE_GAP_MS = 400;

/** Heartbeats to and from one member, and the round trip that they measure. */
export class HeartbeatExchange {
  readonly roundTrip = new RoundTrip();
  #spokenAt = Number.NEGATIVE_INFINITY;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** The newest of its echoes on this connection: a heartbeat sent then arrived; null: none yet. */
  #echoedAt: number | null = null;
  /** This process stood still until then: what it measures of heartbeats from before is its own lateness. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Its last heartbeat's clock, and when that came. */
  #heard: { readonly sentAt: number; readonly receivedAt: number } | null = null;

  /** Last round trip measured; null before the first one. */
  get rttMs(): number | null {
    return this.roundTrip.lastMs;
  }

  /** The newest heartbeat to it of which it told the arrival was sent then; null where there is none on this connection. */
  get echoedAt(): number | null {
    return this.#echoedAt;
  }

  /** When it was sent a heartbeat last. */
  get spokenAt(): number {
    return this.#spokenAt;
  }

  spoke(now: number): void {
    this.#spokenAt = now;
  }

  /** Returns when it was sent, at the earliest, by this member's clock; null where it does not tell. */
  heard({ sentAt, echo }: Heartbeat, now: number): number | null {
    this.#heard = { sentAt, receivedAt: now };
    if (echo === null) return null;
    this.#echoedAt = Math.max(this.#echoedAt ?? 0, Math.min(now, echo.sentAt));
    // Heartbeats that a broken path kept back come all at once, and tell of that path one time.
    if (echo.sentAt >= this.#notBefore && now - this.#measuredAt >= MEASURE_GAP_MS) {
      this.roundTrip.take(now - echo.sentAt - echo.heldMs);
      this.#measuredAt = now;
    }
    return Math.min(now, echo.sentAt + echo.heldMs);
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

  disconnected(): void {
    this.#heard = null;
    this.#echoedAt = null;
  }
}
