import type { Frame } from '../wire/frame.js';

type Kind = Frame['kind'];

const WRAP = 2 ** 32;
/** A source whose clock falls back by more than this is taken as started anew. */
const BACKWARD_JUMP_MS = 3000;
/** Distance between two sources' frames where nothing better is known, and its bounds. */
const STEP_MS = { first: 20, min: 1, max: 100 } as const;

/**
 * Puts the timestamps of successive sources on one line that goes on: the first source keeps its own, each later one
 * begins a frame's distance after the last frame sent, and no track goes back at the seam. 32-bit clocks may wrap.
 */
export class Timeline {
  #offset = 0;
  /** The source's clock without its wraps. */
  #clock: number | null = null;
  /** The greatest time given out, without wraps. */
  #end: number | null = null;
  #stepMs: number = STEP_MS.first;
  #rebase = false;
  readonly #last = new Map<Kind, number>();
  /** Tracks that have not passed their time before the seam yet. */
  readonly #seam = new Map<Kind, number>();

  /** The next frame comes from another source, or after frames that are lost. */
  discontinue(): void {
    this.#clock = null;
    this.#rebase = this.#end !== null;
  }

  /**
   * What comes next is on this line already: the frames of the present source go on from elsewhere. Returns what was
   * added to the source's own timestamps.
   */
  goOn(): number {
    const offset = this.#offset;
    this.#offset = 0;
    this.#clock = this.#end;
    this.#seam.clear();
    return offset;
  }

  /** What comes next goes on from the present source's frames by another clock; `offsetMs` puts that on the present one. */
  goOnBy(offsetMs: number): void {
    this.#offset += offsetMs;
    if (this.#clock !== null) this.#clock -= offsetMs;
  }

  /** The frame's time on the line, 32 bits unsigned; null where its track was already further at the seam. */
  place(kind: Kind, timestampMs: number): number | null {
    const clock = this.#unwrap(timestampMs);
    const before = this.#last.get(kind);
    const jumpedBack = before !== undefined && clock + this.#offset < before - BACKWARD_JUMP_MS;
    if (this.#end !== null && (this.#rebase || jumpedBack)) {
      this.#offset = this.#end + this.#stepMs - clock;
      this.#rebase = false;
      for (const [track, last] of this.#last) this.#seam.set(track, last);
    }
    const time = clock + this.#offset;
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

  #unwrap(timestampMs: number): number {
    const clock =
      this.#clock === null ? timestampMs : this.#clock + ((timestampMs - toUint32(this.#clock)) | 0);
    this.#clock = clock;
    return clock;
  }
}

function toUint32(time: number): number {
  return ((time % WRAP) + WRAP) % WRAP;
}
