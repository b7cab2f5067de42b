import type { Scope } from '../support/scope.js';

const EVERY_MS = 25;
/** Lateness is kept by windows of this length. */
const WINDOW_MS = 500;

/** How late this process runs its timers: what it sees of a loaded machine, and what its own bounds must allow for. */
export class LoopLateness {
  readonly #worst: number[] = [];
  readonly #nowMs: () => number;
  #dueMs: number;

  constructor(scope: Scope, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#dueMs = nowMs() + EVERY_MS;
    const timer = setInterval(() => this.#note(), EVERY_MS);
    scope.defer(() => clearInterval(timer));
  }

  /** The worst lateness since then, ms. */
  since(atMs: number): number {
    const from = Math.max(0, Math.floor(atMs / WINDOW_MS));
    return this.#worst.slice(from).reduce((worst, lateMs) => Math.max(worst, lateMs ?? 0), 0);
  }

  #note(): void {
    const nowMs = this.#nowMs();
    const window = Math.floor(nowMs / WINDOW_MS);
    const lateMs = Math.max(0, nowMs - this.#dueMs);
    // What was late in the windows that were slept through counts there as well.
    for (let index = Math.floor(this.#dueMs / WINDOW_MS); index <= window; index += 1)
      this.#worst[index] = Math.max(this.#worst[index] ?? 0, lateMs);
    this.#dueMs = nowMs + EVERY_MS;
  }
}
