import type { Frame } from '../wire/frame.js';

type Kind = Frame['kind'];

const WRAP = 2 ** 32;
/** Distance between two sources' frames where nothing better is known, and the most that it is. */
const STEP_MS = { first: 20, max: 100 } as const;

/**
 * The line of time that a stream's players see: each source has a line of its own, and these are laid one after the
 * other. The first source keeps its own times; each later one begins a frame's distance after the last frame sent, and
 * no track goes back at the seam. One that goes on exactly is laid where its frames lie.
 */
export class StreamLine {
  #offsetMs = 0;
  /** Where the next source is laid behind, until its first frame comes. */
  #joinsAt: number | null = null;
  /** The greatest time given out, without wraps. */
  #end: number | null = null;
  #stepMs: number = STEP_MS.first;
  readonly #last = new Map<Kind, number>();
  /** Tracks that have not passed their time before the seam yet. */
  readonly #seam = new Map<Kind, number>();

  /** What comes next is of another source, or comes after frames that are lost. */
  join(): void {
    this.#joinsAt = this.#end;
  }

  /** What comes next goes on from what was sent; `offsetMs` is to be added to its source's times. */
  joinExactly(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#joinsAt = null;
    this.#seam.clear();
  }

  /** What is added to the present source's times, 32 bits signed. */
  get offsetMs(): number {
    return this.#offsetMs | 0;
  }

  /** The time of a frame of the present source, 32 bits unsigned; null where its track was already further at the seam. */
  place(kind: Kind, timestampMs: number): number | null {
    if (this.#joinsAt !== null) {
      this.#offsetMs = this.#joinsAt + this.#stepMs - timestampMs;
      this.#joinsAt = null;
      for (const [track, last] of this.#last) this.#seam.set(track, last);
    }
    const time = this.#unwrapped(timestampMs);
    if (time <= (this.#seam.get(kind) ?? Number.NEGATIVE_INFINITY)) return null;
    this.#seam.delete(kind);
    const step = time - (this.#last.get(kind) ?? time);
    if (step > 0) this.#stepMs = Math.min(STEP_MS.max, step);
    this.#last.set(kind, time);
    this.#end = Math.max(this.#end ?? time, time);
    return toUint32(time);
  }

  /** The time of a header or of data: where it stands, and no track's time moves. */
  timeOf(timestampMs: number): number {
    return toUint32(this.#joinsAt ?? this.#unwrapped(timestampMs));
  }

  #unwrapped(timestampMs: number): number {
    const time = timestampMs + this.#offsetMs;
    const end = this.#end ?? time;
    return end + ((toUint32(time) - toUint32(end)) | 0);
  }
}

function toUint32(time: number): number {
  return ((time % WRAP) + WRAP) % WRAP;
}
