/**
 * Work on many streams or players is done in slices, so that whatever else comes waits no longer than this, ms. Several
 * kinds of work may each have a slice in one turn of the event loop.
 */
export const SLICE_MS = 1;

/** Says when a slice of work is over: by the clock, but not before so many items are done. */
export class Slice {
  readonly #now: () => number;
  readonly #endsAt: number;
  #left: number;

  /** `now`: ms of a clock that never goes back. `itemsMin`: at least 1, or no work would ever be done. */
  constructor(now: () => number, itemsMin = 1) {
    this.#now = now;
    this.#endsAt = now() + SLICE_MS;
    this.#left = itemsMin;
  }

  /** To be asked before each item. */
  get isOver(): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return false;
    }
    return this.#now() >= this.#endsAt;
  }
}
