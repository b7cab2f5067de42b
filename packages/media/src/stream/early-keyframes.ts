import type { TakenFrame } from './taken-frame.js';

const FRAMES_MAX = 16;
/** Keyframes that lie no further apart are of one moment. */
const SAME_MOMENT_MS = 10;

/**
 * Puts the keyframes of a source's tracks in order: the default track's first, since players start there and need the
 * others' after it. Encoders send those of one moment in any order. Another track's keyframe waits for the next picture.
 */
export class EarlyKeyframes {
  #held: TakenFrame[] = [];
  #heldMs = 0;
  #startMs = Number.NEGATIVE_INFINITY;

  /** What the default track's picture gave. Times are on the line. */
  default(taken: TakenFrame[], timeMs: number, isKeyframeStart: boolean): readonly TakenFrame[] {
    if (isKeyframeStart) this.#startMs = timeMs;
    if (this.#held.length === 0) return taken;
    const held = this.#release();
    if (!isKeyframeStart || Math.abs(timeMs - this.#heldMs) > SAME_MOMENT_MS) return [...held, ...taken];
    // Players start anew at this picture already.
    return [...taken, ...held.map((early) => ({ ...early, startsAnew: false }))];
  }

  /** What another track's picture gave. */
  other(taken: TakenFrame[], timeMs: number, isKeyframe: boolean): readonly TakenFrame[] {
    const follows = Math.abs(timeMs - this.#startMs) <= SAME_MOMENT_MS;
    const isFull = this.#held.length + taken.length > FRAMES_MAX;
    if (!isKeyframe || follows || isFull) {
      return this.#held.length === 0 ? taken : [...this.#release(), ...taken];
    }
    this.#held.push(...taken);
    this.#heldMs = timeMs;
    return [];
  }

  #release(): TakenFrame[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }
}
