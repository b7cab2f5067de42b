import { CONFIRM_MS } from './limits.js';

export interface Patience {
  /** Silence after which a member is suspect, ms. */
  readonly suspectAfterMs: number;
  /** Further silence after which a suspect is dead, ms. */
  readonly deadAfterMs: number;
}

/**
 * What one member believes of another, from what it heard of it. A function of its inputs: `signal(now)` may be asked
 * at any time and changes nothing.
 *
 * A crash closes the connection within ms: suspect at once, and dead as soon as redialling fails, or had no success for
 * `CONFIRM_MS`. A hang or a cut says nothing: suspect and then dead after silence. Any word takes all of it back.
 */
export class FailureDetector {
  readonly #patience: Patience;
  #heardAt: number;
  #lostAt: number | null = null;
  #isUnreachable = false;

  constructor(patience: Patience, now: number) {
    this.#patience = patience;
    this.#heardAt = now;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#lostAt = null;
    this.#isUnreachable = false;
  }

  /** Its connection closed. */
  lost(now: number): void {
    this.#lostAt ??= now;
  }

  /** Dialled without success. Says nothing of a member that is still connected. */
  unreachable(): void {
    if (this.#lostAt !== null) this.#isUnreachable = true;
  }

  /** This process stood still for so long and heard nobody: that silence is its own. */
  excuse(stalledMs: number, now: number): void {
    this.#heardAt = Math.min(now, this.#heardAt + stalledMs);
    if (this.#lostAt !== null) this.#lostAt = Math.min(now, this.#lostAt + stalledMs);
  }

  signal(now: number): 'alive' | 'suspect' | 'dead' {
    if (this.#isUnreachable) return 'dead';
    const silence = now - this.#heardAt;
    if (silence >= this.#patience.suspectAfterMs + this.#patience.deadAfterMs) return 'dead';
    if (this.#lostAt !== null) return now - this.#lostAt >= CONFIRM_MS ? 'dead' : 'suspect';
    return silence >= this.#patience.suspectAfterMs ? 'suspect' : 'alive';
  }
}
