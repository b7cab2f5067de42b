/** A warning that may be due again and again, and is told only now and then. */
export class WarningPace {
  readonly #everyMs: number;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `everyMs`: least time between two; infinite: it is told once. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Whether to tell it now. */
  take(now: number): boolean {
    if (now - this.#toldAt < this.#everyMs) return false;
    this.#toldAt = now;
    return true;
  }
}
