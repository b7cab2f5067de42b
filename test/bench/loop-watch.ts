/** Requests that are thought to come in while a turn of the loop runs: one each so often, ms. */
const REQUEST_EVERY_MS = 0.1;
/** Waits are counted in steps of this, ms, up to so many. */
const STEP_MS = 0.01;
const STEPS = 200_000;
/** What nothing may hold the loop for, ms. */
const BLOCK_MS = 20;

/**
 * Watches the event loop of this process turn by turn, with no pause between, and asks something in each: how long the
 * longest turn was, and how long a request waits that comes at any moment, until it is answered. Both in CPU time, so that
 * what else runs on the machine counts less. It makes no garbage to speak of.
 */
export class LoopWatch {
  readonly #ask: () => void;
  readonly #waits = new Uint32Array(STEPS);
  #asked = 0;
  #longestMs = 0;
  #longestByTheClockMs = 0;
  #blocks = 0;
  #lastMs = 0;
  #lastCpuMs = 0;
  #next: NodeJS.Immediate | null = null;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Watches until the work is done. */
  async during(work: () => Promise<void>): Promise<object> {
    this.#waits.fill(0);
    [this.#asked, this.#longestMs, this.#longestByTheClockMs, this.#blocks] = [0, 0, 0, 0];
    const startedAt = performance.now();
    [this.#lastMs, this.#lastCpuMs] = [startedAt, cpuMsOf()];
    this.#next = setImmediate(this.#turn);
    try {
      await work();
    } finally {
      if (this.#next !== null) clearImmediate(this.#next);
    }
    // What the work did last.
    this.#look();
    return {
      tookMs: Math.round(performance.now() - startedAt),
      longestBlockMs: rounded(this.#longestMs),
      blocksOver20Ms: this.#blocks,
      longestBlockByTheClockMs: rounded(this.#longestByTheClockMs),
      routeP50Ms: this.#waitAt(0.5),
      routeP99Ms: this.#waitAt(0.99),
      routeMaxMs: this.#waitAt(1),
    };
  }

  readonly #turn = (): void => {
    this.#look();
    this.#next = setImmediate(this.#turn);
  };

  #look(): void {
    this.#ask();
    const nowMs = performance.now();
    const cpuMs = cpuMsOf();
    // Other threads of this process use CPU, too; and then it is no longer than by the clock.
    const turnMs = Math.min(cpuMs - this.#lastCpuMs, nowMs - this.#lastMs);
    this.#longestMs = Math.max(this.#longestMs, turnMs);
    this.#longestByTheClockMs = Math.max(this.#longestByTheClockMs, nowMs - this.#lastMs);
    if (turnMs > BLOCK_MS) this.#blocks += 1;
    for (let waitedMs = turnMs; waitedMs > 0; waitedMs -= REQUEST_EVERY_MS) {
      const step = Math.min(STEPS - 1, Math.ceil(waitedMs / STEP_MS));
      this.#waits[step] = (this.#waits[step] ?? 0) + 1;
      this.#asked += 1;
    }
    [this.#lastMs, this.#lastCpuMs] = [nowMs, cpuMs];
  }

  #waitAt(share: number): number {
    let left = Math.ceil(this.#asked * share);
    for (let step = 0; step < STEPS; step += 1) {
      left -= this.#waits[step] ?? 0;
      if (left <= 0) return rounded(step * STEP_MS);
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** CPU time of this process so far, ms: never less than this thread's. */
function cpuMsOf(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
