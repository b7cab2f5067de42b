import { TICK_MS } from './limits.js';

/** One late turn counts for no more than this, ms; longer standstills are excused by themselves. */
export const LATE_MAX_MS = 1_000;

/** How late two are that speak with each other, ms; the other one says of itself what it likes. */
export const lateTogether = (peerMs: number, ownMs: number): number =>
  Math.min(peerMs, LATE_MAX_MS) + Math.min(ownMs, LATE_MAX_MS);

/** Share of each new measure in the mean. */
const GAIN = 1 / 8;

/** Less than this is not told to others, ms. */
const TOLD_FROM_MS = 20;

/**
 * How late this member itself is, by the ticks that it asked for: a mean over the last second or two, so that one late turn
 * is little and a loop that is always late is seen as late as it is. Who is late gives others more time, and tells them
 * (the idea of memberlist's awareness; "Lifeguard", 2017). That all echoes are missing at once is no sign of it here: so it is
 * in a partition too.
 */
export class Lateness {
  #meanMs = 0;
  #tickAt: number;

  constructor(now: number) {
    this.#tickAt = now;
  }

  get ms(): number {
    return this.#meanMs;
  }

  /** What heartbeats tell; undefined: on time. */
  get told(): number | undefined {
    return this.ms < TOLD_FROM_MS ? undefined : Math.round(this.ms);
  }

  /** `askedFor`: when a tick was asked for besides the usual ones; null: it was not. */
  tick(now: number, askedFor: number | null): void {
    // What is to be done at once has no time at which it was due.
    const overdueMs = askedFor === null || !Number.isFinite(askedFor) ? 0 : now - askedFor;
    const lateMs = Math.max(now - this.#tickAt - TICK_MS, overdueMs, 0);
    this.#tickAt = now;
    this.#meanMs += (Math.min(lateMs, LATE_MAX_MS) - this.#meanMs) * GAIN;
  }
}
