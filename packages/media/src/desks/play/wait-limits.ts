import { Slice } from '@headwater/directory';

/** Plays that end in one slice, whatever the clock says. */
const ENDS_MIN = 16;

/**
 * How long the plays of one stream may stay while it has no source: nobody publishes it, or no owner can be reached. Whoever
 * came first has waited longest, so one timer does for all of them, and a source that goes costs the same for one as for
 * thousands.
 */
export class WaitLimits<T> {
  readonly #waitMs: number;
  readonly #onOver: (play: T) => void;
  /** Since when each is here, by the monotonic clock; in that order. */
  readonly #since = new Map<T, number>();
  /** Since when there is no source; null while there is one. */
  #sourcelessSince: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `onOver`: a play's time is over; it is forgotten by then. */
  constructor(waitMs: number, onOver: (play: T) => void) {
    this.#waitMs = waitMs;
    this.#onOver = onOver;
  }

  add(play: T): void {
    if (!this.#since.has(play)) this.#since.set(play, performance.now());
    this.#arm();
  }

  delete(play: T): void {
    this.#since.delete(play);
    if (this.#since.size === 0) this.#disarm();
  }

  /** The stream has a source now, or has none: the time runs from when it had none first. */
  set(hasSource: boolean): void {
    this.#sourcelessSince = hasSource ? null : (this.#sourcelessSince ?? performance.now());
    if (hasSource) this.#disarm();
    else this.#arm();
  }

  #arm(): void {
    const [first] = this.#since.values();
    if (this.#timer !== null || this.#sourcelessSince === null || first === undefined) return;
    const overAt = Math.max(first, this.#sourcelessSince) + this.#waitMs;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, overAt - performance.now()));
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    const slice = new Slice(() => performance.now(), ENDS_MIN);
    const now = performance.now();
    for (const [play, since] of this.#since) {
      const from = this.#sourcelessSince;
      if (from === null || now < Math.max(since, from) + this.#waitMs || slice.isOver) break;
      this.#since.delete(play);
      this.#onOver(play);
    }
    this.#arm();
  }
}
