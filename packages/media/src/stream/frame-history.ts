import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';

export interface HistoryLimits {
  /** How long a frame is kept, ms. What came since the newest start is kept longer, as far as there is room. */
  readonly replayMs: number;
  /** Most bytes kept of those; the oldest frames go first. */
  readonly replayBytesMax: number;
  /** Most bytes kept where the newest start alone is larger. */
  readonly gopCacheBytesMax: number;
}

/** A frame that is kept. */
export interface Kept {
  readonly frame: Frame;
  /** Players may start here. */
  readonly isStart: boolean;
  /** When it came, monotonic, ms. */
  readonly atMs: number;
}

/** What a frame costs beside its payload. */
const FRAME_OVERHEAD_BYTES = 128;
/** Frames that come this much later than those before may have lost some in between. */
const PAUSE_MS = 400;
/** A step so many times as long as the one before means lost frames. */
const LOST_STEPS = 3;
/** Dropped entries that are still held before the list is made anew. */
const COMPACT_AFTER = 512;

/**
 * The last seconds of one source, or of what a stream was sent: where another source goes on is found in them, an owner
 * replays them to relays, and a source that was a standby begins with them. Nothing is copied or hashed.
 */
export class FrameHistory {
  readonly #limits: HistoryLimits;
  #kept: Kept[] = [];
  #first = 0;
  /** Index of the newest start; -1 where none is kept. */
  #start = -1;
  /** Index of the first frame after the newest pause. */
  #resumed = 0;
  /** Between the last two frames, by their timestamps. */
  #stepMs = 0;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#first === this.#kept.length;
  }

  get hasStart(): boolean {
    return this.#start >= this.#first;
  }

  /** All that is kept, oldest first. */
  get all(): readonly Kept[] {
    return this.#kept.slice(this.#first);
  }

  /** The same, as frames. */
  get frames(): Frame[] {
    return this.all.map(({ frame }) => frame);
  }

  /** What came after the newest pause; null where there was none. */
  get framesSincePause(): Frame[] | null {
    return this.#resumed > this.#first ? this.#kept.slice(this.#resumed).map(({ frame }) => frame) : null;
  }

  /** From the newest start on; empty where none is kept. */
  fromStart(): readonly Kept[] {
    return this.hasStart ? this.#kept.slice(this.#start) : [];
  }

  /** What came at `sinceMs` or later, from the newest start on at the least. */
  since(sinceMs: number): readonly Kept[] {
    let from = this.#first;
    while (from < this.#kept.length && (this.#kept[from]?.atMs ?? 0) < sinceMs) from += 1;
    return this.#kept.slice(this.hasStart ? Math.min(from, this.#start) : from);
  }

  /** `nowMs` by the monotonic clock. */
  push(frame: Frame, isStart: boolean, nowMs: number): void {
    const last = this.#kept.at(-1);
    if (last !== undefined && nowMs - last.atMs >= PAUSE_MS) {
      this.#resumed = this.#kept.length;
      // Frames are missing, and this is no slide show: what follows cannot be decoded from a start before the pause.
      if (stepBetween(last, frame) >= Math.max(PAUSE_MS, LOST_STEPS * this.#stepMs)) this.#start = -1;
    }
    if (last !== undefined) this.#stepMs = stepBetween(last, frame);
    if (isStart) this.#start = this.#kept.length;
    this.#kept.push({ frame, isStart, atMs: nowMs });
    this.#bytes += costOf(frame);
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (oldest === undefined || !this.#isTooMuch(oldest, nowMs)) break;
      this.#bytes -= costOf(oldest.frame);
      this.#first += 1;
    }
    if (this.#first < COMPACT_AFTER && !this.isEmpty) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#start = Math.max(-1, this.#start - this.#first);
    this.#resumed = Math.max(0, this.#resumed - this.#first);
    this.#first = 0;
  }

  clear(): void {
    this.#kept = [];
    this.#first = 0;
    this.#start = -1;
    this.#resumed = 0;
    this.#bytes = 0;
  }

  #isTooMuch(oldest: Kept, nowMs: number): boolean {
    const { replayMs, replayBytesMax, gopCacheBytesMax } = this.#limits;
    const isSinceStart = this.hasStart && this.#first >= this.#start;
    if (isSinceStart) return this.#bytes > Math.max(replayBytesMax, gopCacheBytesMax);
    return this.#bytes > replayBytesMax || nowMs - oldest.atMs > replayMs;
  }
}

const stepBetween = (before: Kept, frame: Frame): number =>
  (frame.timestampMs - before.frame.timestampMs) | 0;

const costOf = (frame: Frame): number => frame.payload.length + FRAME_OVERHEAD_BYTES;

/** A data message between members: what came before it was a replay, what follows is live. */
const REPLAY_END = encodeAmf0('|HeadwaterReplayEnd');

export function replayEnd(): Frame {
  return makeFrame('data', 0, REPLAY_END);
}

export function isReplayEnd(frame: Frame): boolean {
  return frame.kind === 'data' && frame.payload.equals(REPLAY_END);
}
