import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { KeptList } from './kept-list.js';
import { KeptLog } from './kept-log.js';
import type { KeptPacket } from './packet.js';

export interface HistoryLimits {
  /** How long a frame is kept, ms. What came since the newest start is kept longer, as far as there is room. */
  readonly replayMs: number;
  /** Most bytes kept of those; the oldest frames go first. */
  readonly replayBytesMax: number;
  /** Most bytes kept where the newest start alone is larger. */
  readonly gopCacheBytesMax: number;
}

/** A frame that is kept. Its payload is copied with each look at it, and there no more once it is dropped. */
export interface Kept {
  readonly frame: KeptPacket;
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
/**
 * The last seconds of one source, or of what a stream was sent: where another source goes on is found in them, an owner
 * replays them to relays, and a source that was a standby begins with them. All histories of a stream share what they keep.
 * It is `clear` that ends a history.
 */
export class FrameHistory {
  readonly #limits: HistoryLimits;
  readonly #log = new KeptLog();
  #list = new KeptList(this.#log);
  /** Index of the newest start; -1 where none is kept. */
  #start = -1;
  /** Index of the first frame after the newest pause. */
  #resumed = 0;
  /** Index of the first frame after the sound changed its configuration. */
  #changed = 0;
  /** Between the last two frames, by their timestamps; null where there were no two. */
  #stepMs: number | null = null;
  /** The last frame came as part of a replay. */
  #wasReplayed = false;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#list.first === this.#list.end;
  }

  get hasStart(): boolean {
    return this.#start >= this.#list.first;
  }

  /** All that is kept of one configuration, oldest first. */
  get all(): readonly Kept[] {
    return this.#keptFrom(this.#firstOfNow);
  }

  /** The same, as frames. */
  get frames(): KeptPacket[] {
    return this.#framesFrom(this.#firstOfNow);
  }

  /** What came after the newest pause; null where there was none. */
  get framesSincePause(): KeptPacket[] | null {
    return this.#resumed > this.#firstOfNow ? this.#framesFrom(this.#resumed) : null;
  }

  /** What came before it had sound of another configuration. */
  get #firstOfNow(): number {
    return Math.max(this.#list.first, this.#changed);
  }

  /** From the newest start on, perhaps at first without sound; empty where none is kept. */
  fromStart(): readonly Kept[] {
    return this.hasStart ? this.#keptFrom(this.#start) : [];
  }

  /** What came at `sinceMs` or later, from the newest start on at the least, as far as it is of one configuration. */
  since(sinceMs: number): readonly Kept[] {
    let from = this.#firstOfNow;
    while (from < this.#list.end && this.#list.atMs(from) < sinceMs) from += 1;
    return this.#keptFrom(this.#start >= this.#firstOfNow ? Math.min(from, this.#start) : from);
  }

  /** `nowMs` by the monotonic clock. `isReplayed`: it came earlier to who replays it, at a time that nobody knows here. */
  push(frame: Frame, isStart: boolean, nowMs: number, isReplayed = false): void {
    const list = this.#list;
    const { end } = list;
    if (!this.isEmpty) {
      const stepMs = (frame.timestampMs - list.timestampMs(end - 1)) | 0;
      // Frames are missing, and this is no slide show.
      const isShort = this.#stepMs !== null && stepMs >= Math.max(PAUSE_MS, LOST_STEPS * this.#stepMs);
      const hasPaused = this.#wasReplayed ? isShort : nowMs - list.atMs(end - 1) >= PAUSE_MS;
      if (hasPaused) this.#resumed = end;
      // What follows cannot be decoded from a start before the pause.
      if (hasPaused && isShort) this.#start = -1;
      this.#stepMs = stepMs;
    }
    this.#wasReplayed = isReplayed;
    if (isStart) this.#start = end;
    list.push(frame, isStart, nowMs);
    this.#bytes += this.#cost(end);
    while (!this.isEmpty && this.#isTooMuch(nowMs)) {
      this.#bytes -= this.#cost(list.first);
      list.dropFirst();
    }
  }

  /**
   * Sound of another configuration follows. Who starts at the newest start gets the pictures since then, and the sound from
   * here on. All else that is kept ends here: what goes on from frames of before would get the new sound without its header.
   */
  forgetSound(): void {
    const isPicture = this.hasStart && this.#list.kind(this.#start) === 'video';
    const list = this.#list.withoutSound(isPicture ? this.#start : this.#list.end);
    this.clear();
    this.#list = list;
    if (!isPicture) return;
    this.#start = list.first;
    this.#changed = list.end;
    for (let index = list.first; index < list.end; index += 1) this.#bytes += this.#cost(index);
  }

  /** Drops all of it. */
  clear(): void {
    this.#list.clear();
    this.#start = -1;
    this.#resumed = 0;
    this.#changed = 0;
    this.#stepMs = null;
    this.#bytes = 0;
  }

  #isTooMuch(nowMs: number): boolean {
    const { replayMs, replayBytesMax, gopCacheBytesMax } = this.#limits;
    const isSinceStart = this.hasStart && this.#list.first >= this.#start;
    if (isSinceStart) return this.#bytes > Math.max(replayBytesMax, gopCacheBytesMax);
    return this.#bytes > replayBytesMax || nowMs - this.#list.atMs(this.#list.first) > replayMs;
  }

  #cost(index: number): number {
    return this.#list.bytes(index) + FRAME_OVERHEAD_BYTES;
  }

  #keptFrom(from: number): Kept[] {
    const list = this.#list;
    return this.#framesFrom(from).map((frame, index) => ({
      frame,
      isStart: list.isStart(from + index),
      atMs: list.atMs(from + index),
    }));
  }

  #framesFrom(from: number): KeptPacket[] {
    const frames: KeptPacket[] = [];
    for (let index = from; index < this.#list.end; index += 1) frames.push(this.#list.at(index));
    return frames;
  }
}

/** A data message between members: what came before it was a replay, what follows is live. */
const REPLAY_END = encodeAmf0('|HeadwaterReplayEnd');

export function replayEnd(): Frame {
  return makeFrame('data', 0, REPLAY_END);
}

export function isReplayEnd(frame: Frame): boolean {
  return frame.kind === 'data' && frame.payload.equals(REPLAY_END);
}
