import type { Player } from './player.js';

/** Frames not sent to players that are behind, by what went over its limit. */
export interface FramesDropped {
  queueBytes: number;
  queueMs: number;
}

/** All bytes of media that the kernel took towards players, for the member's load. */
export interface Traffic {
  bytesOut: number;
  /** Absent where nobody counts. */
  readonly framesDropped?: FramesDropped;
  /** Absent where nobody watches. */
  readonly watch?: TrafficWatch;
}

/** Hears of what happens to players and to their streams, to count it. Must not throw. */
export interface TrafficWatch {
  /** It is about to get its first bytes of media. */
  began(player: Player): void;
  /** It was ended, so that it reloads. */
  tracksChanged(): void;
  /** The place at which another source goes on was searched for. */
  searched(result: 'exact' | 'behind' | 'none'): void;
}

/** Bytes of media by where they came from: from this process's own publishers, from other members, from other workers. */
export interface BytesIn {
  publisher: number;
  relay: number;
  worker: number;
}

/** What all streams of one process send, receive and drop, since the start. */
export interface WholeTraffic extends Traffic {
  readonly bytesIn: BytesIn;
  readonly framesDropped: FramesDropped;
}

/** One stream's part: what it counts, the whole does too. */
export class StreamTraffic implements WholeTraffic {
  readonly #whole: WholeTraffic;
  readonly bytesIn: BytesIn;
  readonly framesDropped: FramesDropped;
  readonly watch?: TrafficWatch;
  #bytesOut = 0;

  constructor(whole: WholeTraffic) {
    this.#whole = whole;
    this.bytesIn = whole.bytesIn;
    this.framesDropped = whole.framesDropped;
    if (whole.watch !== undefined) this.watch = whole.watch;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  set bytesOut(bytes: number) {
    this.#whole.bytesOut += bytes - this.#bytesOut;
    this.#bytesOut = bytes;
  }
}
