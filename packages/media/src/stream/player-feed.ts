import type { MediaInfo } from '@headwater/directory';
import type { PacketBatch } from './packet-batch.js';
import type { Player } from './player.js';

export interface PlayerLimits {
  /** Bytes queued towards one player before frames are dropped up to the next keyframe. */
  readonly queueBytesMax: number;
  /** How long media may wait in a player's queue before the same is done; absent: as long as it takes. */
  readonly queueMs?: number;
  /** How long a player with a queue may take nothing at all. */
  readonly stuckMs: number;
}

/** Frames not sent to players that are behind, by what went over its limit. */
export interface FramesDropped {
  queueBytes: number;
  queueMs: number;
}

/** All bytes sent to players, for the member's load. */
export interface Traffic {
  bytesOut: number;
  /** Absent where nobody counts. */
  readonly framesDropped?: FramesDropped;
}

/**
 * One player's place in a stream: begins where decoding can start, falls behind by whole frames, and is found stuck.
 */
export class PlayerFeed {
  readonly player: Player;
  /** Gets each packet by itself, without the window: another member's pull, which has a window of its own. */
  readonly isImmediate: boolean;
  readonly #limits: PlayerLimits;
  readonly #traffic: Traffic;
  #hasBegun = false;
  /** Waits for the next packet that decoding can start at. */
  #awaitsStart = true;
  /** Why frames are dropped; none where the player merely waits for its first start. */
  #behindBy: keyof FramesDropped | null = null;
  #framesDropped = 0;
  #takenBytes = 0;
  /** By the monotonic clock. */
  #takenAtMs = performance.now();
  /** Place in the bytes sent, and when it was the end of them: until it is taken, that is the age of the queue. */
  #markBytes = 0;
  #markAtMs = 0;
  #isLate = false;

  constructor(player: Player, isImmediate: boolean, limits: PlayerLimits, traffic: Traffic) {
    this.player = player;
    this.isImmediate = isImmediate;
    this.#limits = limits;
    this.#traffic = traffic;
  }

  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Whether it waits for a start and takes enough to be given one. */
  get isReadyToStart(): boolean {
    return this.#awaitsStart && !this.#isLate && this.player.queuedBytes <= this.#limits.queueBytesMax / 2;
  }

  /** Begins, or begins again: with headers, then from a packet that decoding can start at. */
  start(media: MediaInfo, bytes: Buffer): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.player.begin(media);
    }
    this.#awaitsStart = false;
    this.#behindBy = null;
    this.#write(bytes);
  }

  deliver(batch: PacketBatch): void {
    if (!this.#awaitsStart) {
      const { player } = this;
      if (player.queuedBytes <= this.#limits.queueBytesMax && !this.#isLate) {
        this.#write(batch.wire(player.format));
        return;
      }
      this.#awaitsStart = true;
      this.#behindBy = this.#isLate ? 'queueMs' : 'queueBytes';
    }
    if (!this.#hasBegun) return;
    const { frames } = batch;
    this.#framesDropped += frames;
    const dropped = this.#traffic.framesDropped;
    if (dropped !== undefined && this.#behindBy !== null) dropped[this.#behindBy] += frames;
  }

  /** The source changed: nothing up to the next start belongs to what was sent. */
  pause(): void {
    this.#awaitsStart = true;
  }

  /**
   * Whether the player has had bytes waiting for `stuckMs` and took none. To be asked about once a second: it also
   * finds out how long media waits in the queue.
   */
  isStuck(nowMs: number): boolean {
    const { bytesOut, queuedBytes } = this.player;
    const taken = bytesOut - queuedBytes;
    if (taken >= this.#markBytes) {
      this.#markBytes = bytesOut;
      this.#markAtMs = nowMs;
    }
    this.#isLate = nowMs - this.#markAtMs > (this.#limits.queueMs ?? Number.POSITIVE_INFINITY);
    if (queuedBytes === 0 || taken !== this.#takenBytes) {
      this.#takenBytes = taken;
      this.#takenAtMs = nowMs;
      return false;
    }
    return nowMs - this.#takenAtMs >= this.#limits.stuckMs;
  }

  #write(bytes: Buffer): void {
    this.#traffic.bytesOut += bytes.length;
    this.player.write(bytes);
  }
}
