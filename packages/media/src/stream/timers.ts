/** Time as the relay's state machine sees it, so that tests drive it. */
export interface Timers {
  /** Monotonic, ms. */
  nowMs(): number;
  /** Calls once after that time. Returns how to call it off. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
