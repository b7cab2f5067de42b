/** A round trip is taken for no longer than this, ms: what a member says of its echoes is its own word. */
export const ROUND_TRIP_MAX_MS = 5_000;

/** One measure moves the estimate no more than as if it were this many times what was to be expected, and this much longer, ms. */
const OUTLIER_TIMES = 2;
const OUTLIER_MS = 100;

/** The shortest of so many last measures is what the path itself takes. */
const SHORTEST_OF = 16;

/** So many measures are believed, whatever is usual with others. */
const BELIEVED_FROM = 4;

/** A longer one, ms, is more likely a disturbed path than a slow one: as the only measure of all it says nothing. */
const ONLY_MAX_MS = 1_000;

/**
 * How long the way to one member and back takes, as TCP estimates it (RFC 6298): smoothed, and how much it varies. Kept
 * over reconnects. One answer that comes very late, such as after a standstill or a lost packet, does not count, not even
 * as the first, only what two in a row say; several are the path.
 */
export class RoundTrip {
  #lastMs: number | null = null;
  #measures = 0;
  #last: number[] = [];
  /** How late both sides were then. */
  #lastLate: number[] = [];
  /** Of those; asked for far more often than measured. */
  #shortestMs = Number.POSITIVE_INFINITY;
  #leastLateMs = 0;
  #smoothedMs = 0;
  #deviationMs = 0;

  /** Last one measured, ms; null before the first. */
  get lastMs(): number | null {
    return this.#lastMs;
  }

  /** The least that an answer took of late, ms; null while that is not sure. */
  get shortestMs(): number | null {
    return this.#measures < BELIEVED_FROM ? null : this.#shortestMs;
  }

  /** What the path takes where neither side is late and no packet gets lost, ms; null while that is not sure. */
  get pathMs(): number | null {
    return this.#measures < BELIEVED_FROM ? null : this.pathSoFarMs;
  }

  /**
   * The same of few measures, which may all be those of a busy moment; null before the first. Lateness is a mean, and may be
   * more than what it added to one measure: only what both were late by all the time is taken off.
   */
  get pathSoFarMs(): number | null {
    return this.#measures === 0 ? null : Math.max(0, this.#shortestMs - this.#leastLateMs);
  }

  /** An answer that is not there after this time is late, ms; null where nothing was measured yet. */
  get expectedMs(): number | null {
    return this.#lastMs === null ? null : this.#smoothedMs + 4 * this.#deviationMs;
  }

  /** As far as it is to be believed: a few measures count only within what is usual with others; null: nothing is known. */
  believedMs(usualMs: number | null): number | null {
    const expectedMs = this.expectedMs ?? usualMs;
    if (usualMs === null)
      return this.#measures === 1 && (this.#lastMs ?? 0) > ONLY_MAX_MS ? null : expectedMs;
    if (expectedMs === null || this.#measures >= BELIEVED_FROM) return expectedMs;
    return Math.min(expectedMs, believableMs(usualMs));
  }

  /**
   * What is believed, but no more than the last two measures let expect. After a standstill or a healed cut the estimate
   * needs ten measures until it is down again; two in a row tell before that it is over.
   */
  presentMs(usualMs: number | null): number | null {
    const believedMs = this.believedMs(usualMs);
    if (believedMs === null || this.#measures < 2) return believedMs;
    return Math.min(believedMs, believableMs(Math.max(...this.#last.slice(-2))));
  }

  /** `lateMs`: how late both sides are together, as far as that is known. */
  take(measuredMs: number, lateMs = 0): void {
    const ms = Math.min(ROUND_TRIP_MAX_MS, Math.max(0, measuredMs));
    const taken = Math.min(ms, this.#lastMs ?? ms, believableMs(this.expectedMs ?? ms));
    this.#measures += 1;
    this.#last = [...this.#last, ms].slice(-SHORTEST_OF);
    this.#lastLate = [...this.#lastLate, lateMs].slice(-SHORTEST_OF);
    this.#shortestMs = Math.min(...this.#last);
    this.#leastLateMs = Math.min(...this.#lastLate);
    const isFirst = this.#lastMs === null || (this.#measures === 2 && this.#lastMs > believableMs(ms));
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

const believableMs = (expectedMs: number): number => OUTLIER_TIMES * expectedMs + OUTLIER_MS;
