import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';

export interface ReplayLimits {
  /** How long a frame is kept, ms. */
  readonly replayMs: number;
  /** Most bytes kept; the oldest frames go first. */
  readonly replayBytesMax: number;
}

interface Kept {
  readonly frame: Frame;
  readonly atMs: number;
}

/** What a frame costs beside its payload. */
const FRAME_OVERHEAD_BYTES = 128;
/** Dropped entries that are still held before the list is made anew. */
const COMPACT_AFTER = 512;

/**
 * The last seconds of a stream, whatever the length of its GOPs: what an owner replays to a relay that lost another
 * owner, and what a relay keeps to find its place in that. Payloads are kept by reference, so that nothing is copied or
 * hashed while all is well.
 */
export class ReplayWindow {
  readonly #limits: ReplayLimits;
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;

  constructor(limits: ReplayLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#first === this.#kept.length;
  }

  /** All that is kept, oldest first. */
  get frames(): Frame[] {
    return this.#kept.slice(this.#first).map(({ frame }) => frame);
  }

  /** What came at `sinceMs` or later. */
  since(sinceMs: number): Frame[] {
    return this.#kept
      .slice(this.#first)
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ frame }) => frame);
  }

  /** `nowMs` by the monotonic clock; headers are not for here. */
  push(frame: Frame, nowMs: number): void {
    const { replayMs, replayBytesMax } = this.#limits;
    this.#kept.push({ frame, atMs: nowMs });
    this.#bytes += costOf(frame);
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (oldest === undefined || (this.#bytes <= replayBytesMax && nowMs - oldest.atMs <= replayMs)) break;
      this.#bytes -= costOf(oldest.frame);
      this.#first += 1;
    }
    if (this.#first >= COMPACT_AFTER || this.isEmpty) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#kept = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}

const costOf = (frame: Frame): number => frame.payload.length + FRAME_OVERHEAD_BYTES;

/** A data message between members: what came before it was a replay, what follows is live. */
const REPLAY_END = encodeAmf0('|HeadwaterReplayEnd');

export function replayEnd(): Frame {
  return makeFrame('data', 0, REPLAY_END);
}

export function isReplayEnd(frame: Frame): boolean {
  return frame.kind === 'data' && frame.payload.equals(REPLAY_END);
}
