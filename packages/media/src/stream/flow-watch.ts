import type { Frame } from '../wire/frame.js';

/** Frame intervals without media that mean silence, and the least time that does: bursts and jitter are no silence. */
const SILENT_INTERVALS = 3;
const SILENT_MS_MIN = 500;
/** The same for an owner that is no longer one: its publisher has most likely gone. */
const DEPARTED_SILENT_MS_MIN = 120;
/** However small `relay.stallMs` is, a stream of few pictures may take this many intervals from one to the next. */
const INTERVALS_ALLOWED = 2;
/** Longest interval that is believed. */
const INTERVAL_MS_MAX = 10_000;
/** Weight of the newest interval in the mean. */
const SMOOTHING = 0.2;

/** Learns how often a source's frames come, and says how long a pause is no silence. */
export class FlowWatch {
  readonly #stallMs: number;
  readonly #last = new Map<Frame['kind'], number>();
  readonly #interval = new Map<Frame['kind'], number>();
  /** Of all tracks. */
  #shortestMs: number | null = null;
  #hasMedia = false;

  /** `stallMs`: `relay.stallMs`, the most that the limit grows to for an ordinary stream. */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** True where this is the first frame to tell a track's interval, so that the limit may be another now. */
  saw(frame: Frame): boolean {
    if (frame.isHeader || frame.kind === 'data') return false;
    this.#hasMedia = true;
    const last = this.#last.get(frame.kind);
    this.#last.set(frame.kind, frame.timestampMs);
    if (last === undefined) return false;
    const step = (frame.timestampMs - last) | 0;
    if (step <= 0 || step > INTERVAL_MS_MAX) return false;
    const mean = this.#interval.get(frame.kind);
    // A gap is no interval: what is much longer than the mean counts as twice it, so that it takes several to believe.
    const believed = mean === undefined ? step : Math.min(step, mean * 2);
    this.#interval.set(frame.kind, mean === undefined ? step : mean + (believed - mean) * SMOOTHING);
    this.#shortestMs = Math.min(...this.#interval.values());
    return mean === undefined;
  }

  /** A pause longer than this is silence, ms. `isDeparted`: the source is a relay whose member left the owners list. */
  limitMs(isDeparted: boolean): number {
    const intervalMs = this.#shortestMs;
    if (intervalMs === null) return this.#stallMs;
    const least = isDeparted ? DEPARTED_SILENT_MS_MIN : SILENT_MS_MIN;
    const wanted = Math.min(this.#stallMs, Math.max(least, SILENT_INTERVALS * intervalMs));
    return Math.max(wanted, INTERVALS_ALLOWED * intervalMs);
  }

  /** A pause of pictures alone, while sound goes on, longer than which they have gone; null while it is not known how often they come. */
  picturesLimitMs(leastMs: number): number | null {
    const intervalMs = this.#interval.get('video');
    return intervalMs === undefined ? null : Math.max(leastMs, SILENT_INTERVALS * intervalMs);
  }

  /** The same for a publisher here: one that has sent nothing yet is silent as soon as one that stopped. */
  publisherLimitMs(): number {
    return this.#hasMedia ? this.limitMs(false) : SILENT_MS_MIN;
  }
}
