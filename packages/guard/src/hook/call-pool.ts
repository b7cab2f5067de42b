/** Nothing is taken any more: the queue is full. */
export class PoolFullError extends Error {
  constructor(queueMax: number) {
    super(`${queueMax} calls wait already`);
    this.name = 'PoolFullError';
  }
}

/** A turn did not come in time. */
export class TurnTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no turn within ${timeoutMs} ms`);
    this.name = 'TurnTimeoutError';
  }
}

/** So many at once, so many waiting, first come first served. */
export class CallPool {
  readonly #concurrency: number;
  readonly #queueMax: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(concurrency: number, queueMax: number) {
    this.#concurrency = concurrency;
    this.#queueMax = queueMax;
  }

  /**
   * Runs it when its turn comes, with the time that is left of `timeoutMs` then. Rejects with `PoolFullError`,
   * `TurnTimeoutError`, or whatever the call does.
   */
  async run<T>(timeoutMs: number, call: (leftMs: number) => Promise<T>): Promise<T> {
    const startMs = performance.now();
    if (this.#running >= this.#concurrency) await this.#turn(timeoutMs);
    else this.#running += 1;
    try {
      return await call(timeoutMs - (performance.now() - startMs));
    } finally {
      const [next] = this.#waiting;
      // The place goes from hand to hand.
      if (next === undefined) this.#running -= 1;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  #turn(timeoutMs: number): Promise<void> {
    if (this.#waiting.size >= this.#queueMax) throw new PoolFullError(this.#queueMax);
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(go);
        reject(new TurnTimeoutError(timeoutMs));
      }, timeoutMs);
      this.#waiting.add(go);
    });
  }
}
