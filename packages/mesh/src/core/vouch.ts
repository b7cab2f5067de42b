import type { MemberId } from '@headwater/directory';
import { VOUCHED_MS } from './limits.js';

/** One member's word that it hears another one, which is not heard here. It counts for `VOUCHED_MS`. */
export class Vouch {
  #by: MemberId | null = null;
  #at = Number.NEGATIVE_INFINITY;

  /** When somebody said so last, also where that does not count any more. */
  get at(): number {
    return this.#at;
  }

  stands(now: number): boolean {
    return this.#by !== null && now - this.#at < VOUCHED_MS;
  }

  /** Whose word counts now; null: nobody's. */
  by(now: number): MemberId | null {
    return this.stands(now) ? this.#by : null;
  }

  give(by: MemberId, now: number): void {
    this.#by = by;
    this.#at = now;
  }

  /** That member does not hear it any more. */
  withdraw(by: MemberId): void {
    if (this.#by === by) this.#by = null;
  }

  /** It is heard here. */
  clear(): void {
    this.#by = null;
  }
}
