import type { Frame } from '../wire/frame.js';

/** What is judged, at most, s. */
const SECONDS = 11;
/** Who has lost so much of this is slow, ms: what a player has buffered has run dry by then. */
const LOST_MS = 2000;
/** Of which no single second may be more than the rest by so much: one pause is over when it ends, ms. */
const LOST_ELSE_MS = 1000;
/** Who loses less than a tenth in the last three seconds keeps up, ms. */
const KEPT_SECONDS = 3;
const KEPT_MS = 300;

/**
 * Learns whether a source's media comes as fast as time passes. What counts is the least delay of each second: media that
 * comes in bursts is not slow.
 */
export class PaceWatch {
  /** Least delay of each second in which media came, newest last, ms; only their differences mean something. */
  readonly #delays: number[] = [];
  #secondMs: number | null = null;
  #leastMs = Number.POSITIVE_INFINITY;
  #timestampMs = 0;
  #mediaMs = 0;

  /** It falls behind, by a fifth and more, and goes on to. */
  get isSlow(): boolean {
    const newest = this.#delays.at(-1);
    if (newest === undefined || !(this.#lostLatelyMs >= KEPT_MS)) return false;
    const best = this.#delays.lastIndexOf(Math.min(...this.#delays));
    const lost = newest - (this.#delays[best] ?? newest);
    let worst = 0;
    for (let i = best + 1; i < this.#delays.length; i += 1)
      worst = Math.max(worst, (this.#delays[i] ?? 0) - (this.#delays[i - 1] ?? 0));
    return lost >= LOST_MS && lost - worst >= LOST_ELSE_MS;
  }

  /** It has been watched for long enough to say that it does not. */
  get keepsUp(): boolean {
    return this.#lostLatelyMs < KEPT_MS;
  }

  /** Says whether a second is over. */
  saw({ timestampMs }: Frame, nowMs: number): boolean {
    const before = this.#secondMs;
    if (before !== null) this.#mediaMs += (timestampMs - this.#timestampMs) | 0;
    this.#timestampMs = timestampMs;
    const delayMs = nowMs - this.#mediaMs;
    const isOver = before !== null && nowMs - before >= 1000;
    if (isOver) {
      this.#delays.push(this.#leastMs);
      if (this.#delays.length > SECONDS) this.#delays.shift();
    }
    if (isOver || before === null) {
      this.#secondMs = nowMs;
      this.#leastMs = delayMs;
    }
    this.#leastMs = Math.min(this.#leastMs, delayMs);
    return isOver;
  }

  /** NaN: it has not been watched for so long. */
  get #lostLatelyMs(): number {
    return (this.#delays.at(-1) ?? Number.NaN) - (this.#delays.at(-1 - KEPT_SECONDS) ?? Number.NaN);
  }
}
