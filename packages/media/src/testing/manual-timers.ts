import type { Timers } from '../stream/timers.js';

/** Time that a test moves. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #due = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#due.add(timer);
    return () => this.#due.delete(timer);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#due.size;
  }

  /** Moves on, calling everything that becomes due, in order. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#due].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = endMs;
  }

  /** Time passes but nothing runs, as when the event loop stands still; what is due runs at the next `pass`. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }
}
