/**
 * Time as this process lived it: a stretch in which it did not run counts for no more than `stretchMsMax`. What others did
 * not do meanwhile, it could not have seen.
 */
export class OwnTime {
  readonly #stretchMsMax: number;
  #lastMs: number;
  #ownMs = 0;

  constructor(nowMs: number, stretchMsMax: number) {
    this.#lastMs = nowMs;
    this.#stretchMsMax = stretchMsMax;
  }

  /** ms since the start, by a clock that never goes back. To be asked all the time. */
  at(nowMs: number): number {
    this.#ownMs += Math.min(nowMs - this.#lastMs, this.#stretchMsMax);
    this.#lastMs = nowMs;
    return this.#ownMs;
  }
}
