/** A step that comes later than this counts for no more. */
const STEP_MS = 200;

/**
 * A signal that aborts after a time of this process's own: while its event loop is late or stands still, that time does
 * not pass. Who waits for an answer so does not give it up because it was late itself.
 */
export class OwnTimeout {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;
  #leftMs: number;

  constructor(ms: number, reason: string) {
    this.signal = this.#controller.signal;
    this.#ms = ms;
    this.#leftMs = ms;
    this.#step(reason);
  }

  /** There was progress: the whole time is left again. */
  restart(): void {
    this.#leftMs = this.#ms;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #step(reason: string): void {
    const stepMs = Math.min(STEP_MS, this.#leftMs);
    this.#timer = setTimeout(() => {
      this.#leftMs -= stepMs;
      if (this.#leftMs > 0) this.#step(reason);
      else this.#controller.abort(new DOMException(reason, 'TimeoutError'));
    }, stepMs);
    this.#timer.unref();
  }
}
