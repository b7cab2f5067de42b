import type { Frame } from '../wire/frame.js';

/** How a publisher goes on from a relay. */
export interface GoneOn {
  /** Its first frames that are for the stream; with them those that were held back. */
  readonly frames: readonly Frame[];
  /** What puts them on the relay's clock where they are the very next ones; null where they begin anew. */
  readonly offsetMs: number | null;
}

/** A publisher that has come while a relay has the stream: its frames are held back until it is known how they go on. */
export interface Succession {
  /** The stream takes no more of the relay's frames: the publisher comes to the next one by and by. */
  readonly isRelayOver: boolean;
  /** A frame of the publisher. */
  take(frame: Frame): void;
  /** The relay has ended: nothing more is to be waited for from there. */
  relayEnded(): void;
  /** The publisher has gone again: nothing is called afterwards. */
  stop(): void;
}

/** What a relay gives the stream with its frames, so that a publisher of the same frames can go on in its place. */
export interface Predecessor {
  /** `decide` is called once, never within this call. */
  giveWay(decide: (how: GoneOn) => void): Succession;
}
