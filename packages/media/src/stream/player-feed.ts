import type { MediaInfo } from '@headwater/directory';
import type { MediaPacket } from './packet.js';
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

/** What the stream tells a feed that begins, or begins again after a gap. */
export interface StartPoint {
  readonly media: MediaInfo;
  /** Metadata and codec headers, stamped with the time of what follows. */
  readonly headers: readonly MediaPacket[];
  /** Packets from a keyframe on that were sent before to others. */
  readonly packets: readonly MediaPacket[];
}

/**
 * One player's place in a stream: begins at a keyframe, falls behind by whole frames, and is found stuck. A stream
 * without video can begin anywhere.
 */
export class PlayerFeed {
  readonly player: Player;
  readonly #limits: PlayerLimits;
  readonly #traffic: Traffic;
  #hasBegun = false;
  /** Waits for the next packet that decoding can start at. */
  #awaitsStart = true;
  #framesDropped = 0;
  #takenBytes = 0;
  #takenAtMs: number;

  constructor(player: Player, limits: PlayerLimits, traffic: Traffic, nowMs: number) {
    this.player = player;
    this.#limits = limits;
    this.#traffic = traffic;
    this.#takenAtMs = nowMs;
  }

  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Whether it needs a `start` at the next packet that decoding can start at. */
  get awaitsStart(): boolean {
    return this.#awaitsStart;
  }

  /** Whether the player takes enough to begin, or to begin again after frames were dropped. */
  get hasRoom(): boolean {
    return this.player.queuedBytes <= this.#limits.queueBytesMax / 2;
  }

  /** Begins with what must come first; `deliver` goes on from there. */
  start(point: StartPoint): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.player.begin(point.media);
    }
    this.#awaitsStart = false;
    for (const header of point.headers) this.#write(header);
    for (const packet of point.packets) this.#write(packet);
  }

  deliver(packet: MediaPacket): void {
    if (this.#awaitsStart) {
      if (this.#hasBegun && !packet.isHeader) this.#framesDropped += 1;
      return;
    }
    if (!packet.isHeader && this.player.queuedBytes > this.#limits.queueBytesMax) {
      this.#awaitsStart = true;
      this.#framesDropped += 1;
      return;
    }
    this.#write(packet);
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

  #write(packet: MediaPacket): void {
    const bytes = packet.wire(this.player.format);
    this.#traffic.bytesOut += bytes.length;
    this.player.write(bytes);
  }
}
