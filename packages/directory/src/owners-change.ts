import type { StreamKey } from './stream-key.js';

/** Some streams: those that somebody looks at, or that a member claims. A `Map` by stream key is one. */
export interface StreamKeys {
  readonly size: number;
  has(key: StreamKey): boolean;
  keys(): Iterable<StreamKey>;
}

/** Every stream, for who wants to hear of all: then each claim of a member is looked at. */
// Stryker disable next-line ArrowFunction,ArrayDeclaration: whatever a member claims is less, so that is walked.
export const ALL_STREAMS: StreamKeys = { size: Number.POSITIVE_INFINITY, has: () => true, keys: () => [] };

/**
 * Streams whose owners, or whose owners' order, may have changed: some by name, and all that some members claim, which are
 * not listed. To be looked at before the directory changes again.
 */
export class OwnersChange implements Iterable<StreamKey> {
  readonly #keys = new Set<StreamKey>();
  readonly #wholes = new Set<StreamKeys>();

  static of(...wholes: readonly StreamKeys[]): OwnersChange {
    const change = new OwnersChange();
    for (const whole of wholes) change.addAll(whole);
    return change;
  }

  add(key: StreamKey): void {
    this.#keys.add(key);
  }

  addAll(keys: StreamKeys): void {
    if (keys.size > 0) this.#wholes.add(keys);
  }

  join(other: OwnersChange): void {
    for (const key of other.#keys) this.#keys.add(key);
    for (const whole of other.#wholes) this.#wholes.add(whole);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#wholes.size === 0;
  }

  touches(key: StreamKey): boolean {
    if (this.#keys.has(key)) return true;
    for (const whole of this.#wholes) if (whole.has(key)) return true;
    return false;
  }

  /** Those of `interest` that it touches. Costs no more than the streams named, and the lesser of `interest` and each member's. */
  among(interest: StreamKeys): ReadonlySet<StreamKey> {
    const found = new Set<StreamKey>();
    for (const key of this.#keys) if (interest.has(key)) found.add(key);
    for (const whole of this.#wholes) {
      // Stryker disable next-line EqualityOperator: of two that are equally many, either may be walked.
      const [few, many] = whole.size < interest.size ? [whole, interest] : [interest, whole];
      for (const key of few.keys()) if (many.has(key)) found.add(key);
    }
    return found;
  }

  /** All of them, listed: walks every claim of the members in it. */
  [Symbol.iterator](): Iterator<StreamKey> {
    const all = new Set(this.#keys);
    for (const whole of this.#wholes) for (const key of whole.keys()) all.add(key);
    return all.values();
  }
}
