import { spreadOf } from './figures.js';

/** Requests that are thought to come in while a turn of the loop runs: one each so often, ms. */
const REQUEST_EVERY_MS = 0.1;

/**
 * Watches the event loop of this process turn by turn, with no pause between, and asks something in each: how long the
 * longest turn was, and how long a request waits that comes at any moment, until it is answered.
 */
export class LoopWatch {
  readonly #ask: () => void;
  #turnsMs: number[] = [];
  #waitsMs: number[] = [];
  #next: NodeJS.Immediate | null = null;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Watches until the work is done. */
  async during(work: () => Promise<void>): Promise<object> {
    this.#turnsMs = [];
    this.#waitsMs = [];
    const startedAt = performance.now();
    this.#watch(startedAt);
    try {
      await work();
    } finally {
      if (this.#next !== null) clearImmediate(this.#next);
    }
    const { p50Ms, p99Ms } = spreadOf(this.#waitsMs);
    return {
      tookMs: Math.round(performance.now() - startedAt),
      longestBlockMs: rounded(longest(this.#turnsMs)),
      blocksOver20Ms: this.#turnsMs.filter((turnMs) => turnMs > 20).length,
      routeP50Ms: p50Ms,
      routeP99Ms: p99Ms,
      routeMaxMs: rounded(longest(this.#waitsMs)),
    };
  }

  #watch(lastMs: number): void {
    this.#next = setImmediate(() => {
      const nowMs = performance.now();
      this.#turnsMs.push(nowMs - lastMs);
      this.#ask();
      const answeredMs = performance.now();
      for (let askedMs = lastMs; askedMs < nowMs; askedMs += REQUEST_EVERY_MS)
        this.#waitsMs.push(answeredMs - askedMs);
      this.#watch(nowMs);
    });
  }
}

/** They are too many to be arguments. */
const longest = (timesMs: readonly number[]): number =>
  timesMs.reduce((most, timeMs) => Math.max(most, timeMs), 0);

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
