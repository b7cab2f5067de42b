import type { ClaimSet, HeldClaim } from './claim-set.js';
import type { StreamIndex } from './stream-index.js';

/** Takes claims that will never stand again out of the index, some at a time. */
export class Sweeper {
  readonly #index: StreamIndex;
  readonly #sets: ClaimSet[] = [];
  #claims: Iterator<HeldClaim> | null = null;

  constructor(index: StreamIndex) {
    this.#index = index;
  }

  get isDue(): boolean {
    return this.#sets.length > 0;
  }

  /** The set stays as it is: who hears of the change that voided it may still look which streams it had. */
  retire(set: ClaimSet): void {
    if (set.size > 0) this.#sets.push(set);
  }

  sweep(claimsMax: number): void {
    for (let left = claimsMax; left > 0; left -= 1) {
      const [set] = this.#sets;
      if (set === undefined) return;
      this.#claims ??= set.values();
      const next = this.#claims.next();
      if (next.done !== true) this.#index.remove(next.value);
      else {
        this.#sets.shift();
        this.#claims = null;
      }
    }
  }
}
