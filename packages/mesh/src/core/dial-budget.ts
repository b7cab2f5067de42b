import { DIALS_AHEAD_MAX, DIALS_AHEAD_URGENT, DIALS_PER_SECOND_MAX } from './limits.js';

/** The gauge is an average over so long. */
const GAUGE_MS = 10_000;

/**
 * How many dials may go out: `DIALS_PER_SECOND_MAX`, and some ahead of that after a quiet time, of which the last
 * `DIALS_AHEAD_URGENT` are for urgent ones alone. So however many members are gone, they never delay the dial that finds
 * out whether a member that was lost just now is dead, nor the way back to a seed.
 */
export class DialBudget {
  #left = DIALS_AHEAD_MAX;
  #at: number;
  #times: number[] = [];

  constructor(now: number) {
    this.#at = now;
  }

  /** Whether one more dial may go out now; it is then counted. */
  take(isUrgent: boolean, now: number): boolean {
    const refilled = this.#left + ((now - this.#at) / 1000) * DIALS_PER_SECOND_MAX;
    this.#left = Math.min(DIALS_AHEAD_MAX, refilled);
    this.#at = now;
    if (this.#left < 1 + (isUrgent ? 0 : DIALS_AHEAD_URGENT)) return false;
    this.#left -= 1;
    // Stryker disable next-line EqualityOperator: one that is just too old is not counted, and dropped with the next dial.
    this.#times = this.#times.filter((time) => now - time < GAUGE_MS);
    this.#times.push(now);
    return true;
  }

  /** Dials per second, on the average of the last 10 s. */
  perSecond(now: number): number {
    return (this.#times.filter((time) => now - time < GAUGE_MS).length * 1000) / GAUGE_MS;
  }
}
