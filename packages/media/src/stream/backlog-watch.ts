import type { Frame } from '../wire/frame.js';

/** Who sends what it held back gains so much on the time that passes within as long: it comes twice as fast, ms. */
const GAIN_MS = 100;

/**
 * Learns whether a source that begins, or goes on after a silence, sends first what was held back meanwhile: an encoder's
 * connection that stood still, and then brings all of it as fast as the line allows. Until that is through, what came last is
 * old. Pure; times are monotonic, ms.
 */
export class BacklogWatch {
  #firstMs: number | null = null;
  #resumedMs = Number.NEGATIVE_INFINITY;
  #aheadMs = 0;
  #gainedMs = Number.NEGATIVE_INFINITY;

  /** Media comes again from now on. */
  resumed(nowMs: number): void {
    this.#firstMs = null;
    this.#resumedMs = nowMs;
    this.#aheadMs = 0;
    this.#gainedMs = nowMs;
  }

  saw({ timestampMs }: Frame, nowMs: number): void {
    this.#firstMs ??= timestampMs;
    const aheadMs = ((timestampMs - this.#firstMs) | 0) - (nowMs - this.#resumedMs);
    if (aheadMs < this.#aheadMs + GAIN_MS) return;
    this.#aheadMs = aheadMs;
    this.#gainedMs = nowMs;
  }

  /** Until then more of it may come; within `longestMs` of its beginning at the latest. */
  untilMs(longestMs: number): number {
    return Math.min(this.#gainedMs + GAIN_MS, this.#resumedMs + longestMs);
  }
}
