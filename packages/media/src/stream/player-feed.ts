import type { MediaInfo } from '@headwater/directory';
import type { PacketBatch } from './packet-batch.js';
import type { Player } from './player.js';

export interface PlayerLimits {
  /** Bytes queued towards one player before frames are dropped up to the next keyframe. */
  readonly queueBytesMax: number;
  /** How long a player with a queue may take nothing at all. */
  readonly stuckMs: number;
}

/** All bytes sent to players, for the member's load. */
export interface Traffic {
  bytesOut: number;
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
  #framesDropped = 0;
  #takenBytes = 0;
  /** By the monotonic clock. */
  #takenAtMs = performance.now();

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
    return this.#awaitsStart && this.player.queuedBytes <= this.#limits.queueBytesMax / 2;
  }

  /** Begins, or begins again: with headers, then from a packet that decoding can start at. */
  start(media: MediaInfo, bytes: readonly Buffer[]): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.player.begin(media);
    }
    this.#awaitsStart = false;
    for (const each of bytes) this.#write(each);
  }

  deliver(batch: PacketBatch): void {
    if (!this.#awaitsStart && this.player.queuedBytes > this.#limits.queueBytesMax) this.#awaitsStart = true;
    if (!this.#awaitsStart) this.#write(batch.wire(this.player.format));
    else if (this.#hasBegun) this.#framesDropped += batch.frames;
  }

  /** The source changed: nothing up to the next start belongs to what was sent. */
  pause(): void {
    this.#awaitsStart = true;
  }

  /** Whether the player has had bytes waiting for `stuckMs` and took none. To be asked about once a second. */
  isStuck(nowMs: number): boolean {
    const taken = this.player.bytesOut - this.player.queuedBytes;
    if (this.player.queuedBytes === 0 || taken !== this.#takenBytes) {
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
