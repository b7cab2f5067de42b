import { CUT_OFF_MS, OFFENCE_FADES_MS, OFFENCES_MAX } from './limits.js';

export type Verdict = 'log' | 'count' | 'cut-off';

/**
 * Counts what a member does that no well-behaved one does. Offences fade, so that a rare fault is forgiven; who goes on
 * is cut off. Only the 1st, 2nd, 4th, 8th... is worth a line in the log.
 */
export class Offences {
  #total = 0;
  #level = 0;
  #at = 0;
  #refusedUntil = 0;

  /** All of them, ever. */
  get total(): number {
    return this.#total;
  }

  /** It is cut off until then; 0: it never was. */
  get refusedUntil(): number {
    return this.#refusedUntil;
  }

  /** They have not faded yet, or it is cut off for them: who comes back does not come back as a stranger. */
  isRemembered(now: number): boolean {
    return now < this.#refusedUntil || this.#faded(now) > 0;
  }

  add(now: number): Verdict {
    this.#level = this.#faded(now) + 1;
    this.#at = now;
    this.#total += 1;
    if (this.#level > OFFENCES_MAX) {
      this.#level = 0;
      this.#refusedUntil = now + CUT_OFF_MS;
      return 'cut-off';
    }
    return Number.isInteger(Math.log2(this.#total)) ? 'log' : 'count';
  }

  #faded(now: number): number {
    return Math.max(0, this.#level - (now - this.#at) / OFFENCE_FADES_MS);
  }
}
