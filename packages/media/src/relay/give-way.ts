import type { StreamKey } from '@headwater/directory';
import type { MediaLog } from '../media-host.js';
import type { GoneOn, Succession } from '../stream/succession.js';
import type { Frame } from '../wire/frame.js';
import { findSplice } from './splice.js';
import type { Timers } from './timers.js';

export interface GiveWayOptions {
  readonly key: StreamKey;
  /** What the relay delivered lately, by its clock, oldest first. */
  readonly delivered: () => readonly Frame[];
  /** What the relay adds to its owner's timestamps: where the encoders are one, so are the clocks. */
  readonly offsetMs: number;
  /** False where the relay is between owners, so that nothing more comes from it. */
  readonly isFlowing: boolean;
  readonly timers: Timers;
  readonly log: MediaLog;
  readonly decide: (how: GoneOn) => void;
}

/** How long the same frames are sought in what the relay brings, and how far behind it the publisher may be. */
export const GIVE_WAY_MS_MAX = 3000;
/** Most that is held back meanwhile. */
export const HELD_BYTES_MAX = 33_554_432;
const HELD_FRAMES_MAX = 20_000;
/** How often it is looked, and for how much of the time at most. */
const SEEK_MS_MIN = 10;
const SEEK_SHARE = 0.1;

/**
 * Finds where a publisher that comes while a relay flows goes on from the relay's frames: an encoder that lost one of
 * its origins and is back there. Until that is found the relay flows on, so that the players do not notice; where the
 * frames are others, the publisher begins anew with its last keyframe.
 */
export class GiveWay implements Succession {
  readonly #options: GiveWayOptions;
  readonly #held: Frame[] = [];
  #heldBytes = 0;
  /** What was delivered when the stream took no more of it; null while the relay flows. */
  #last: readonly Frame[] | null;
  #isDone = false;
  #nextMs = 0;
  #stopDeadline: (() => void) | null = null;
  #stopNext: (() => void) | null = null;

  constructor(options: GiveWayOptions) {
    this.#options = options;
    this.#last = options.isFlowing ? null : options.delivered();
  }

  /** Whether the publisher sends. */
  get hasBegun(): boolean {
    return !this.#isDone && this.#held.some(isMedia);
  }

  get isRelayOver(): boolean {
    return this.#last !== null;
  }

  take(frame: Frame): void {
    if (this.#isDone) return;
    this.#held.push(frame);
    this.#heldBytes += frame.payload.length;
    if (this.#heldBytes > HELD_BYTES_MAX || this.#held.length > HELD_FRAMES_MAX) {
      this.#beginAnew();
      return;
    }
    if (frame.isHeader || frame.kind === 'data') return;
    this.#stopDeadline ??= this.#options.timers.after(GIVE_WAY_MS_MAX, () => this.#beginAnew());
    const waitMs = this.#nextMs - this.#options.timers.nowMs();
    if (waitMs <= 0) this.#seek();
    else this.#stopNext ??= this.#options.timers.after(waitMs, () => this.#seek());
  }

  relayEnded(): void {
    if (this.#isDone) return;
    this.#last ??= this.#options.delivered();
    if (this.#held.some(isMedia)) this.#seek();
  }

  stop(): void {
    this.#isDone = true;
    this.#stopDeadline?.();
    this.#stopNext?.();
  }

  #seek(): void {
    this.#stopNext?.();
    this.#stopNext = null;
    const { timers, offsetMs, delivered } = this.#options;
    const startMs = timers.nowMs();
    const splice = findSplice(this.#last ?? delivered(), this.#held, { offsetMs, elapsedMs: 0 });
    const endMs = timers.nowMs();
    this.#nextMs = endMs + Math.max(SEEK_MS_MIN, (endMs - startMs) / SEEK_SHARE);
    if (splice.kind === 'exact') {
      this.#decide({ frames: splice.frames, offsetMs: splice.offsetMs });
    } else if (splice.kind === 'behind' && splice.lagMs <= GIVE_WAY_MS_MAX) {
      this.#last ??= delivered();
    } else if (this.#last !== null) {
      this.#beginAnew();
    }
  }

  #beginAnew(): void {
    const keyframe = this.#held.findLastIndex((frame) => frame.isKeyframe);
    const hasVideo = this.#held.some((frame) => frame.kind === 'video' && !frame.isHeader);
    // Without pictures players may begin anywhere; with pictures but no keyframe they wait for one.
    const start = keyframe >= 0 ? keyframe : hasVideo ? this.#held.length : 0;
    const frames = this.#held.filter((frame, index) => frame.isHeader || index >= start);
    this.#decide({ frames, offsetMs: null });
  }

  #decide(how: GoneOn): void {
    this.stop();
    const { key, log, decide } = this.#options;
    const { offsetMs } = how;
    log.info(
      { key, splice: offsetMs === null ? 'none' : 'exact', offsetMs, held: this.#held.length },
      'relay gave way to the publisher',
    );
    decide(how);
  }
}

const isMedia = (frame: Frame): boolean => !frame.isHeader && frame.kind !== 'data';
