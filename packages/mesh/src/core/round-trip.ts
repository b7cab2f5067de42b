/** A round trip is taken for no longer than this, ms: what a member says of its echoes is its own word. */
export const ROUND_TRIP_MAX_MS = 5_000;

/** One measure moves the estimate no more than as if it were this many times what was to be expected, and this much longer, ms. */
const OUTLIER_TIMES = 2;
const OUTLIER_MS = 100;

/**
 * How long the way to one member and back takes, as TCP estimates it (RFC 6298): smoothed, and how much it varies. Kept
 * over reconnects. One answer that comes very late, such as after a standstill, counts for little; several in a row are
 * the path.
 */
export class RoundTrip {
  #lastMs: number | null = null;
  #smoothedMs = 0;
  #deviationMs = 0;

  /** Last one measured, ms; null before the first. */
  get lastMs(): number | null {
    return this.#lastMs;
  }

  /** An answer that is not there after this time is late, ms; null where nothing was measured yet. */
  get expectedMs(): number | null {
    return this.#lastMs === null ? null : this.#smoothedMs + 4 * this.#deviationMs;
  }

  /** `usualMs`: what is expected of others, for a first measure; null: nothing is known. */
  take(measuredMs: number, usualMs: number | null): void {
    const ms = Math.min(ROUND_TRIP_MAX_MS, Math.max(0, measuredMs));
    const expectedMs = this.expectedMs ?? usualMs;
    const taken = Math.min(ms, OUTLIER_TIMES * (expectedMs ?? ms) + OUTLIER_MS);
    const isFirst = this.#lastMs === null;
    this.#lastMs = ms;
    if (isFirst) {
      this.#smoothedMs = taken;
      this.#deviationMs = taken / 4;
      return;
    }
    this.#deviationMs += (Math.abs(this.#smoothedMs - taken) - this.#deviationMs) / 4;
    this.#smoothedMs += (taken - this.#smoothedMs) / 8;
  }
}
