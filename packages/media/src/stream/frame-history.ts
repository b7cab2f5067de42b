import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { MediaPacket } from './packet.js';

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
/** Dropped entries, empty by then, before the lists are made anew. */
const COMPACT_AFTER = 64;

/**
 * The last seconds of one source, or of what a stream was sent: where another source goes on is found in them, an owner
 * replays them to relays, and a source that was a standby begins with them. Nothing is copied or hashed, and what is
 * dropped is let go at once.
 */
export class FrameHistory {
  readonly #limits: HistoryLimits;
  /** Three lists, since an object for each frame would be as much again for the collector to look at. */
  #frames: (Frame | null)[] = [];
  #times: number[] = [];
  #starts: boolean[] = [];
  #first = 0;
  /** Index of the newest start; -1 where none is kept. */
  #start = -1;
  /** Index of the first frame after the newest pause. */
  #resumed = 0;
  /** Index of the first frame after the sound changed its configuration. */
  #changed = 0;
  /** Between the last two frames, by their timestamps. */
  #stepMs = 0;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#first === this.#frames.length;
  }

  get hasStart(): boolean {
    return this.#start >= this.#first;
  }

  /** All that is kept of one configuration, oldest first. */
  get all(): readonly Kept[] {
    return this.#keptFrom(this.#firstOfNow);
  }

  /** The same, as frames. */
  get frames(): Frame[] {
    return this.#framesFrom(this.#firstOfNow);
  }

  /** What came after the newest pause; null where there was none. */
  get framesSincePause(): Frame[] | null {
    return this.#resumed > this.#firstOfNow ? this.#framesFrom(this.#resumed) : null;
  }

  /** What came before it had sound of another configuration. */
  get #firstOfNow(): number {
    return Math.max(this.#first, this.#changed);
  }

  /** From the newest start on, perhaps at first without sound; empty where none is kept. */
  fromStart(): readonly Kept[] {
    return this.hasStart ? this.#keptFrom(this.#start) : [];
  }

  /** What came at `sinceMs` or later, from the newest start on at the least, as far as it is of one configuration. */
  since(sinceMs: number): readonly Kept[] {
    let from = this.#firstOfNow;
    while (from < this.#frames.length && (this.#times[from] ?? 0) < sinceMs) from += 1;
    return this.#keptFrom(this.#start >= this.#firstOfNow ? Math.min(from, this.#start) : from);
  }

  /** `nowMs` by the monotonic clock. */
  push(frame: Frame, isStart: boolean, nowMs: number): void {
    const last = this.#frames.at(-1);
    if (last) {
      const stepMs = stepBetween(last, frame);
      const pauseMs = nowMs - (this.#times.at(-1) ?? nowMs);
      if (pauseMs >= PAUSE_MS) {
        this.#resumed = this.#frames.length;
        // Frames are missing, and this is no slide show: what follows cannot be decoded from a start before the pause.
        if (stepMs >= Math.max(PAUSE_MS, LOST_STEPS * this.#stepMs)) this.#start = -1;
      }
      this.#stepMs = stepMs;
    }
    if (isStart) this.#start = this.#frames.length;
    this.#add(frame, isStart, nowMs);
    this.#dropOld(nowMs);
  }

  #add(frame: Frame, isStart: boolean, atMs: number): void {
    this.#frames.push(frame);
    this.#times.push(atMs);
    this.#starts.push(isStart);
    this.#bytes += costOf(frame);
  }

  /**
   * Sound of another configuration follows. Who starts at the newest start gets the pictures since then, and the sound from
   * here on. All else that is kept ends here: what goes on from frames of before would get the new sound without its header.
   */
  forgetSound(): void {
    const sinceStart = this.fromStart();
    this.clear();
    if (sinceStart[0]?.frame.kind !== 'video') return;
    this.#start = 0;
    for (const { frame, isStart, atMs } of sinceStart) {
      if (frame.kind === 'audio') continue;
      this.#add(frame, isStart, atMs);
    }
    this.#changed = this.#frames.length;
  }

  clear(): void {
    this.#frames = [];
    this.#times = [];
    this.#starts = [];
    this.#first = 0;
    this.#start = -1;
    this.#resumed = 0;
    this.#changed = 0;
    this.#bytes = 0;
  }

  #dropOld(nowMs: number): void {
    for (;;) {
      const oldest = this.#frames[this.#first];
      if (!oldest || !this.#isTooMuch(this.#times[this.#first] ?? nowMs, nowMs)) break;
      this.#bytes -= costOf(oldest);
      if (oldest instanceof MediaPacket) oldest.leaveBatch();
      this.#frames[this.#first] = null;
      this.#first += 1;
    }
    if (!this.isEmpty && this.#first < Math.max(COMPACT_AFTER, this.#frames.length / 2)) return;
    this.#frames = this.#frames.slice(this.#first);
    this.#times = this.#times.slice(this.#first);
    this.#starts = this.#starts.slice(this.#first);
    this.#start = Math.max(-1, this.#start - this.#first);
    this.#resumed = Math.max(0, this.#resumed - this.#first);
    this.#changed = Math.max(0, this.#changed - this.#first);
    this.#first = 0;
  }

  #isTooMuch(oldestAtMs: number, nowMs: number): boolean {
    const { replayMs, replayBytesMax, gopCacheBytesMax } = this.#limits;
    const isSinceStart = this.hasStart && this.#first >= this.#start;
    if (isSinceStart) return this.#bytes > Math.max(replayBytesMax, gopCacheBytesMax);
    return this.#bytes > replayBytesMax || nowMs - oldestAtMs > replayMs;
  }

  #keptFrom(from: number): Kept[] {
    const kept: Kept[] = [];
    for (let at = from; at < this.#frames.length; at += 1) {
      const frame = this.#frames[at];
      if (frame) kept.push({ frame, isStart: this.#starts[at] ?? false, atMs: this.#times[at] ?? 0 });
    }
    return kept;
  }

  #framesFrom(from: number): Frame[] {
    return this.#frames.slice(from).filter((frame) => frame !== null);
  }
}

const stepBetween = (before: Frame, frame: Frame): number => (frame.timestampMs - before.timestampMs) | 0;

const costOf = (frame: Frame): number => frame.payload.length + FRAME_OVERHEAD_BYTES;

/** A data message between members: what came before it was a replay, what follows is live. */
const REPLAY_END = encodeAmf0('|HeadwaterReplayEnd');

export function replayEnd(): Frame {
  return makeFrame('data', 0, REPLAY_END);
}

export function isReplayEnd(frame: Frame): boolean {
  return frame.kind === 'data' && frame.payload.equals(REPLAY_END);
}
