import { DIAL_DEADLINE_MS, RETRY_MIN_MS, TICK_MS } from './limits.js';

/**
 * Wait before the next try, ms: doubled from `RETRY_MIN_MS` with each failure up to `maxMs`, less up to a half by
 * `random` (0..1), so that members that lost each other at one moment do not all come back at one moment.
 */
export function retryDelayMs(failures: number, maxMs: number, random: number): number {
  const full = Math.min(maxMs, RETRY_MIN_MS * 2 ** Math.min(Math.max(failures - 1, 0), 16));
  return full * (1 - random / 2);
}

/** A connection that was of use for so long is worth to be made anew at once. */
const STOOD_MS = 1_000;

/** When one address or member is tried next. */
export class Redial {
  #failures = 0;
  #nextAt: number;
  #busyUntil = 0;
  #startedAt = 0;
  /** Since when a connection is of use; null: none is. */
  #standsSince: number | null = null;
  /** Asked for while a try was under way. */
  #hastenedTo = Number.POSITIVE_INFINITY;
  #isExcused = false;
  #excusedUntil = Number.NEGATIVE_INFINITY;

  constructor(nextAt: number) {
    this.#nextAt = nextAt;
  }

  /** It is tried then, where nothing else comes before. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * This process stood still during the try, which says nothing then about whom it tried. Ends of tries that are told
   * right after may belong to ones from before, also where another was started since.
   */
  isExcused(now: number): boolean {
    return this.#isExcused || now < this.#excusedUntil;
  }

  excuse(now: number): void {
    this.#isExcused = true;
    this.#excusedUntil = now + TICK_MS;
  }

  /** Tried at least once to an end. */
  get isTried(): boolean {
    return this.#failures > 0;
  }

  isDue(now: number): boolean {
    return now >= this.#nextAt && now >= this.#busyUntil;
  }

  /** When the last try began: ends of others, which a connection from the other side overtook, say nothing any more. */
  get startedAt(): number {
    return this.#startedAt;
  }

  started(now: number): void {
    this.#startedAt = now;
    this.#busyUntil = now + DIAL_DEADLINE_MS;
    this.#isExcused = false;
    this.#hastenedTo = Number.POSITIVE_INFINITY;
  }

  /** `retryMaxMs`: longest wait before the next one. */
  failed(now: number, retryMaxMs: number, random: number): void {
    this.#wait(now, retryMaxMs, random);
  }

  /** A connection stands. Whether that is of use is still to be seen. */
  connected(): void {
    this.#busyUntil = 0;
  }

  /** It is of use. */
  greeted(now: number): void {
    this.#standsSince ??= now;
  }

  /**
   * The connection is gone. One that stood for a while is tried again at once; one that did not counts as a failure, or who
   * takes connections and closes them would be dialled in a circle.
   */
  lost(now: number, retryMaxMs: number, random: number): void {
    const stood = this.#standsSince !== null && now - this.#standsSince >= STOOD_MS;
    this.#standsSince = null;
    if (stood) this.succeeded(now);
    else this.#wait(now, retryMaxMs, random);
  }

  /** It worked; the next try, if one is needed, is not before `nextAt`. */
  succeeded(nextAt: number): void {
    this.#busyUntil = 0;
    this.#failures = 0;
    this.#nextAt = nextAt;
  }

  /** Not before then. */
  rest(until: number): void {
    this.#nextAt = until;
  }

  /** There is reason to try sooner than planned. */
  hasten(at: number): void {
    this.#nextAt = Math.min(this.#nextAt, at);
    this.#hastenedTo = Math.min(this.#hastenedTo, at);
  }

  #wait(now: number, retryMaxMs: number, random: number): void {
    this.#busyUntil = 0;
    this.#failures += 1;
    this.#nextAt = Math.min(this.#hastenedTo, now + retryDelayMs(this.#failures, retryMaxMs, random));
    this.#hastenedTo = Number.POSITIVE_INFINITY;
  }
}
