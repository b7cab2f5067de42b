import type { Frame } from '../wire/frame.js';

/** Pictures are counted over so much of the media's time, ms. */
const WINDOW_MS = 2000;
/** A longer step between two pictures, or one backwards, begins anew, ms. */
const STEP_MAX_MS = 10_000;

/** How pictures come, as people are told. */
export interface Pictures {
  /** Per second of media, over the last seconds of it. */
  readonly frameRate?: number;
  /** From the last key frame but one to the last, ms of media. */
  readonly keyframeMs?: number;
}

/** Frame rate and distance of key frames of what feeds a stream, by the times that the media has. */
export class PictureFigures {
  #lastMs: number | null = null;
  #windowMs = 0;
  #count = 0;
  #keyframeAtMs: number | null = null;
  #frameRate: number | undefined;
  #keyframeMs: number | undefined;

  /** Pictures of one time count once: they are of several tracks. */
  take({
    kind,
    isHeader,
    isKeyframe,
    timestampMs,
  }: Pick<Frame, 'kind' | 'isHeader' | 'isKeyframe' | 'timestampMs'>): void {
    if (kind !== 'video' || isHeader) return;
    const stepMs = this.#lastMs === null ? null : timestampMs - this.#lastMs;
    if (stepMs === 0) return;
    if (stepMs === null || stepMs < 0 || stepMs > STEP_MAX_MS) this.#begin(timestampMs);
    this.#lastMs = timestampMs;
    const tookMs = timestampMs - this.#windowMs;
    if (tookMs >= WINDOW_MS) {
      this.#frameRate = (this.#count * 1000) / tookMs;
      this.#windowMs = timestampMs;
      this.#count = 0;
    }
    this.#count += 1;
    if (!isKeyframe) return;
    if (this.#keyframeAtMs !== null) this.#keyframeMs = timestampMs - this.#keyframeAtMs;
    this.#keyframeAtMs = timestampMs;
  }

  /** Another source, or none, from here on. */
  clear(): void {
    this.#lastMs = null;
    this.#frameRate = undefined;
    this.#keyframeMs = undefined;
  }

  get now(): Pictures {
    return {
      ...(this.#frameRate !== undefined && { frameRate: Math.round(this.#frameRate * 100) / 100 }),
      ...(this.#keyframeMs !== undefined && { keyframeMs: this.#keyframeMs }),
    };
  }

  #begin(timestampMs: number): void {
    this.#windowMs = timestampMs;
    this.#count = 0;
    this.#keyframeAtMs = null;
  }
}
