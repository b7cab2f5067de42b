/** Wait before the first start anew, ms; it doubles with each, up to the longest. */
const FIRST_MS = 50;
const LONGEST_MS = 15_000;
/** A worker that lived so long was well: the next one starts as soon as the first did, ms. */
const WELL_MS = 60_000;

/** How long to wait before a worker is started in the place of one that ended. Time is an argument. */
export class RestartPace {
  #nextMs = FIRST_MS;
  #startedMs: number;
  #restarts = 0;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  get restarts(): number {
    return this.#restarts;
  }

  started(nowMs: number): void {
    this.#restarts += 1;
    this.#startedMs = nowMs;
  }

  /** Another one was started while this one lived, so that it did not end: that it was well counts all the same. */
  replaced(nowMs: number): void {
    this.#lived(nowMs);
    this.started(nowMs);
  }

  /** ms to wait. */
  ended(nowMs: number): number {
    this.#lived(nowMs);
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(LONGEST_MS, waitMs * 4);
    return waitMs;
  }

  #lived(nowMs: number): void {
    if (nowMs - this.#startedMs >= WELL_MS) this.#nextMs = FIRST_MS;
  }
}
