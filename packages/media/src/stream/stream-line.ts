import type { Frame } from '../wire/frame.js';

type Kind = Frame['kind'];

const WRAP = 2 ** 32;
/** Distance between two sources' frames where nothing better is known, and its bounds. */
const STEP_MS = { first: 20, min: 1, max: 100 } as const;

/**
 * The line of time that a stream's players see: each source has a line of its own, and these are laid one after the
 * other. The first source keeps its own times; each later one begins a frame's distance after the last frame sent, and
 * no track goes back at the seam. One that goes on exactly is laid where its frames lie.
 */
export class StreamLine {
  #offsetMs = 0;
  #isJoining = false;
  /** The greatest time given out, without wraps. */
  #end: number | null = null;
  #stepMs: number = STEP_MS.first;
  readonly #last = new Map<Kind, number>();
  /** Tracks that have not passed their time before the seam yet. */
  readonly #seam = new Map<Kind, number>();

  /** What comes next is of another source, or comes after frames that are lost. */
  join(): void {
    this.#isJoining = this.#end !== null;
  }

  /** What comes next goes on from what was sent; `offsetMs` is to be added to its source's times. */
  joinExactly(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#isJoining = false;
    this.#seam.clear();
  }

  /** What is added to the present source's times, 32 bits signed. */
  get offsetMs(): number {
    return this.#offsetMs | 0;
  }

  /** The time of a frame of the present source, 32 bits unsigned; null where its track was already further at the seam. */
  place(kind: Kind, timestampMs: number): number | null {
    if (this.#isJoining && this.#end !== null) {
      this.#offsetMs = this.#end + this.#stepMs - timestampMs;
      this.#isJoining = false;
      for (const [track, last] of this.#last) this.#seam.set(track, last);
    }
    const time = this.#unwrapped(timestampMs);
    const seam = this.#seam.get(kind);
    if (seam !== undefined) {
      if (time <= seam) return null;
      this.#seam.delete(kind);
    }
    const last = this.#last.get(kind);
    if (last !== undefined && time > last) {
      this.#stepMs = Math.min(STEP_MS.max, Math.max(STEP_MS.min, time - last));
    }
    this.#last.set(kind, time);
    this.#end = Math.max(this.#end ?? time, time);
    return toUint32(time);
  }

  /** The time of a header or of data: where it stands, and no track's time moves. */
  timeOf(timestampMs: number): number {
    return toUint32(this.#isJoining && this.#end !== null ? this.#end : this.#unwrapped(timestampMs));
  }

  #unwrapped(timestampMs: number): number {
    const time = timestampMs + this.#offsetMs;
    return this.#end === null ? time : this.#end + ((toUint32(time) - toUint32(this.#end)) | 0);
  }
}

function toUint32(time: number): number {
  return ((time % WRAP) + WRAP) % WRAP;
}
