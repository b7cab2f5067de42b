import type { FramesDropped, Traffic, TrafficWatch } from './player-feed.js';

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
