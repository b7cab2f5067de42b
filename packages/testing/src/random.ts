/**
 * Repeatable randomness: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (https://prng.di.unimi.it, public
 * domain), its state filled from one seed by SplitMix32 (the finaliser of MurmurHash3 over a Weyl sequence).
 */
export class Random {
  readonly #state: Uint32Array;

  /** `state`: instead of what the seed gives. */
  constructor(seed: number, state?: readonly [number, number, number, number]) {
    if (state) {
      this.#state = Uint32Array.from(state);
      return;
    }
    let weyl = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      weyl = (weyl + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(weyl ^ (weyl >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) >>> 0;
    });
  }

  /** A source of its own for one of many things, whatever is drawn for the others. */
  static forIndex(seed: number, index: number): Random {
    return new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
  }

  /** 0 <= value < 2 ** 32, whole. */
  next(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return result;
  }

  /** 0 <= value < 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** min <= value <= max, whole. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** 0 <= value < limit, whole. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Undefined where there is none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** One of a list that is not empty. @throws RangeError where it is. */
  oneOf<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  /** One of them, each as often as its weight says. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.fraction() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return (items.at(-1) as readonly [number, T])[1];
  }

  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = this.whole(0, index);
      [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
    }
    return shuffled;
  }

  /** A source of its own, so that what one part draws does not shift what another one gets. */
  fork(): Random {
    return new Random(this.next());
  }
}

const rotate = (value: number, bits: number): number => ((value << bits) | (value >>> (32 - bits))) >>> 0;
