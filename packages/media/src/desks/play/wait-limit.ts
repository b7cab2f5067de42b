/** How long a play may stay while its stream has no source: nobody publishes it, or no owner can be reached. */
export class WaitLimit {
  readonly #waitMs: number;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(waitMs: number, onOver: () => void) {
    this.#waitMs = waitMs;
    this.#onOver = onOver;
  }

  /** The stream has a source now, or has none: the time runs from when it had none first. */
  set(hasSource: boolean): void {
    if (hasSource) this.clear();
    else this.#timer ??= setTimeout(this.#onOver, this.#waitMs);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
