/** How long one is waited for that has let a question go unanswered, and has said nothing since, ms. */
export const MUTE_MS = 50;

/**
 * How long the next answer of a worker is waited for. An answer of the API may take several questions: one that hangs costs it
 * the whole time once, and not each time.
 */
export class AnswerWait {
  readonly #longestMs: number;
  #isMute = false;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  get ms(): number {
    return this.#isMute ? MUTE_MS : this.#longestMs;
  }

  /** It did not answer in that time. */
  passed(): void {
    this.#isMute = true;
  }

  /** It said something, whatever it was. */
  heard(): void {
    this.#isMute = false;
  }
}
