import type { Frame } from '../wire/frame.js';
import { ownCopy } from '../wire/slabs.js';

const MESSAGES_MAX = 64;
const BYTES_MAX = 262_144;
const NONE: readonly Frame[] = [];

/** Data messages that wait for the frame that they stand before. With too many, the oldest are left out. */
export class HeldData {
  #frames: Frame[] = [];
  #bytes = 0;

  hold(frame: Frame): void {
    // It may wait for long, beside what others have let go.
    this.#frames.push({ ...frame, payload: ownCopy(frame.payload) });
    this.#bytes += frame.payload.length;
    while (this.#frames.length > MESSAGES_MAX || this.#bytes > BYTES_MAX) {
      this.#bytes -= this.#frames.shift()?.payload.length ?? 0;
    }
  }

  /** Gives all of them away. */
  release(): readonly Frame[] {
    if (this.#frames.length === 0) return NONE;
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}
