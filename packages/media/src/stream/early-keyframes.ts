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
  readonly #heldTracks = new Set<number>();
  #startMs = Number.NEGATIVE_INFINITY;

  /** The tracks whose keyframes of this moment wait. Times are on the line. */
  tracksAt(timeMs: number): Iterable<number> {
    return this.#isHeldMoment(timeMs) ? this.#heldTracks : [];
  }

  /** What the default track's picture gave. */
  default(taken: TakenFrame[], timeMs: number, isKeyframeStart: boolean): readonly TakenFrame[] {
    if (isKeyframeStart) this.#startMs = timeMs;
    if (this.#held.length === 0) return taken;
    const isFirst = isKeyframeStart && this.#isHeldMoment(timeMs);
    const held = this.#release();
    // Where the picture goes first, players start anew at it already.
    return isFirst
      ? [...taken, ...held.map((early) => ({ ...early, startsAnew: false }))]
      : [...held, ...taken];
  }

  /** What another track's picture gave; `keyframeOf` are its tracks where it is a keyframe. */
  other(
    taken: TakenFrame[],
    timeMs: number,
    keyframeOf: readonly { readonly id: number }[] | null,
  ): readonly TakenFrame[] {
    const follows = Math.abs(timeMs - this.#startMs) <= SAME_MOMENT_MS;
    const isFull = this.#held.length + taken.length > FRAMES_MAX;
    if (keyframeOf === null || follows || isFull) {
      return this.#held.length === 0 ? taken : [...this.#release(), ...taken];
    }
    this.#held.push(...taken);
    this.#heldMs = timeMs;
    for (const { id } of keyframeOf) this.#heldTracks.add(id);
    return [];
  }

  #isHeldMoment(timeMs: number): boolean {
    return this.#held.length > 0 && Math.abs(timeMs - this.#heldMs) <= SAME_MOMENT_MS;
  }

  #release(): TakenFrame[] {
    const held = this.#held;
    this.#held = [];
    this.#heldTracks.clear();
    return held;
  }
}
