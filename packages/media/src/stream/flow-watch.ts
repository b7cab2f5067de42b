import type { Frame } from '../wire/frame.js';
import type { BurstWatch } from './burst-watch.js';

/** Frame intervals without media that mean silence, and the least time that does: bursts and jitter are no silence. */
const SILENT_INTERVALS = 3;
const SILENT_MS_MIN = 500;
/** The same for an owner that is no longer one: its publisher has most likely gone. */
const DEPARTED_SILENT_MS_MIN = 120;
/** However small `relay.stallMs` is, a stream of few pictures may take this many intervals from one to the next. */
const INTERVALS_ALLOWED = 2;
/** Longest interval that is believed. */
const INTERVAL_MS_MAX = 10_000;
/** How much longer than its usual pause one of a source that sends in bursts may be. */
const BURST_SLACK = 1.5;
/** Weight of the newest interval in the mean. */
const SMOOTHING = 0.2;

/** Learns how often a source's frames come, and says how long a pause is no silence. */
export class FlowWatch {
  readonly #stallMs: number;
  readonly #bursts: BurstWatch;
  readonly #last = new Map<Frame['kind'], number>();
  readonly #interval = new Map<Frame['kind'], number>();
  /** Of all tracks. */
  #shortestMs: number | null = null;
  #hasMedia = false;

  /** `stallMs`: `relay.stallMs`, the most that the limit grows to for an ordinary stream. `bursts`: what is known of how it comes. */
  constructor(stallMs: number, bursts: BurstWatch) {
    this.#stallMs = stallMs;
    this.#bursts = bursts;
  }

  /**
   * True where the limit may be another now: by the first frame that tells a track's interval, or since the source is found to
   * send in bursts, or no more.
   */
  saw(frame: Frame, isReplayed: boolean, nowMs: number): boolean {
    if (frame.isHeader || frame.kind === 'data') return false;
    this.#hasMedia = true;
    const { pauseMs } = this.#bursts;
    this.#bursts.came(frame, isReplayed, nowMs);
    const stepMs = this.#step(frame);
    const isFirst = stepMs !== null && !this.#interval.has(frame.kind);
    if (stepMs !== null) this.#believe(frame.kind, stepMs);
    return isFirst || this.#bursts.pauseMs !== pauseMs;
  }

  /** How far a frame is from the one before of its track; null where that tells nothing. */
  #step({ kind, timestampMs }: Frame): number | null {
    const last = this.#last.get(kind);
    this.#last.set(kind, timestampMs);
    if (last === undefined) return null;
    const step = (timestampMs - last) | 0;
    return step <= 0 || step > INTERVAL_MS_MAX ? null : step;
  }

  /** Takes a step for an interval. A gap is none: what is much longer than the mean counts as twice it, so that it takes several to believe. */
  #believe(kind: Frame['kind'], stepMs: number): void {
    const mean = this.#interval.get(kind);
    const believed = mean === undefined ? stepMs : Math.min(stepMs, mean * 2);
    this.#interval.set(kind, mean === undefined ? stepMs : mean + (believed - mean) * SMOOTHING);
    this.#shortestMs = Math.min(...this.#interval.values());
  }

  /** A pause longer than this is silence, ms. `isDeparted`: the source is a relay whose member left the owners list. */
  limitMs(isDeparted: boolean): number {
    const intervalMs = this.#shortestMs;
    if (intervalMs === null) return this.#stallMs;
    const least = isDeparted ? DEPARTED_SILENT_MS_MIN : SILENT_MS_MIN;
    const wanted = Math.min(this.#stallMs, Math.max(least, SILENT_INTERVALS * intervalMs));
    // Who sends in bursts and whose member is no owner any more has nothing more to come.
    const burstMs = isDeparted ? 0 : this.#burstLimitMs;
    return Math.max(wanted, INTERVALS_ALLOWED * intervalMs, burstMs);
  }

  /** A pause of pictures alone, while sound goes on, longer than which they have gone; null while it is not known how often they come. */
  picturesLimitMs(leastMs: number): number | null {
    const intervalMs = this.#interval.get('video');
    if (intervalMs === undefined) return null;
    return Math.max(leastMs, SILENT_INTERVALS * intervalMs, this.#burstLimitMs);
  }

  /** The same for a publisher here: one that has sent nothing yet is silent as soon as one that stopped. */
  publisherLimitMs(): number {
    return this.#hasMedia ? this.limitMs(false) : SILENT_MS_MIN;
  }

  get #burstLimitMs(): number {
    return BURST_SLACK * this.#bursts.pauseMs;
  }
}
