import type { Frame } from '../frame.js';

/** Frame intervals without media that mean a stall, and the least time that does: bursts and jitter are no stall. */
const STALL_INTERVALS = 3;
const STALL_MS_MIN = 500;
/** The same for an owner that is no longer one: its publisher has most likely gone. */
const DEPARTED_STALL_MS_MIN = 120;
/** However small `relay.stallMs` is, a stream of few pictures may take this many intervals from one to the next. */
const INTERVALS_ALLOWED = 2;
/** Longest interval that is believed. */
const INTERVAL_MS_MAX = 10_000;
/** Weight of the newest interval in the mean. */
const SMOOTHING = 0.2;

/** Learns how often frames come, and says how long silence is no stall. */
export class StallWatch {
  readonly #stallMs: number;
  readonly #last = new Map<Frame['kind'], number>();
  readonly #interval = new Map<Frame['kind'], number>();

  /** `stallMs`: `relay.stallMs`, the most that the limit grows to for an ordinary stream. */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  saw(frame: Frame): void {
    if (frame.isHeader || frame.kind === 'data') return;
    const last = this.#last.get(frame.kind);
    this.#last.set(frame.kind, frame.timestampMs);
    if (last === undefined) return;
    const step = (frame.timestampMs - last) | 0;
    if (step <= 0 || step > INTERVAL_MS_MAX) return;
    const mean = this.#interval.get(frame.kind);
    this.#interval.set(frame.kind, mean === undefined ? step : mean + (step - mean) * SMOOTHING);
  }

  /** Silence longer than this is a stall, ms. `isDeparted`: the member left the owners list. */
  limitMs(isDeparted: boolean): number {
    if (this.#interval.size === 0) return this.#stallMs;
    const intervalMs = Math.min(...this.#interval.values());
    const least = isDeparted ? DEPARTED_STALL_MS_MIN : STALL_MS_MIN;
    const wanted = Math.min(this.#stallMs, Math.max(least, STALL_INTERVALS * intervalMs));
    return Math.max(wanted, INTERVALS_ALLOWED * intervalMs);
  }
}
