/** What one frame may move the clock by: longer is silence or a jump, in which no media passed. */
const STEP_MAX_MS = 500;

/**
 * How much of a source has passed, ms from its beginning: by the source's own line or by the time of arrival, whichever
 * tells more, and less than either where it was silent or jumped. So a wait for "two seconds of sound without a picture"
 * is the same for a live source, for a burst that catches up, and across a stall of the network.
 */
export class MediaClock {
  #passedMs = 0;
  #arrivedMs: number;
  #lineMs: number | null = null;

  constructor(nowMs: number) {
    this.#arrivedMs = nowMs;
  }

  /** A frame came, and the line has come to `lineMs`. Returns what has passed. */
  advance(nowMs: number, lineMs: number): number {
    const arrival = bounded(nowMs - this.#arrivedMs);
    const line = this.#lineMs === null ? 0 : bounded(lineMs - this.#lineMs);
    this.#arrivedMs = nowMs;
    this.#lineMs = lineMs;
    this.#passedMs += Math.max(arrival, line);
    return this.#passedMs;
  }

  /** What has passed by now. */
  at(nowMs: number): number {
    return this.#passedMs + bounded(nowMs - this.#arrivedMs);
  }
}

const bounded = (ms: number): number => Math.min(STEP_MAX_MS, Math.max(0, ms));
