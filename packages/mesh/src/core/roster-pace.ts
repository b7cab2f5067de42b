import { ROSTER_INTERVAL_MS, ROSTER_QUIET_INTERVAL_MS } from './limits.js';

/** How much longer each wait is than the one before, while nothing is new. */
const SLOWS_BY = 1.5;

/**
 * When to tell a random member who is known: often while members come and go, seldom once all have met. Greetings carry
 * the same list, so this only finds those that no greeting named.
 */
export class RosterPace {
  #intervalMs = ROSTER_INTERVAL_MS;
  #dueAt: number;

  /** `random`: 0 <= random < 1. */
  constructor(now: number, random: number) {
    this.#dueAt = now + ROSTER_INTERVAL_MS * random;
  }

  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }

  told(now: number, random: number): void {
    this.#dueAt = now + this.#intervalMs * (0.5 + random);
    this.#intervalMs = Math.min(this.#intervalMs * SLOWS_BY, ROSTER_QUIET_INTERVAL_MS);
  }

  /** Somebody came, went or was heard of. */
  hasten(now: number): void {
    this.#intervalMs = ROSTER_INTERVAL_MS;
    this.#dueAt = Math.min(this.#dueAt, now + ROSTER_INTERVAL_MS);
  }
}
