/** Random choices from one seed (mulberry32): the same seed gives the same choices, on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A choice of its own for one of many things, whatever was drawn for the others. */
  static forIndex(seed: number, index: number): Random {
    const random = new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
    random.float();
    return random;
  }

  /** Below 1. */
  float(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    const again = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((again ^ (again >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From 0 up to, and not, the limit. */
  below(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  /** True this often. */
  chance(share: number): boolean {
    return this.float() < share;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.below(256);
    return bytes;
  }

  /** A number of 32 bits that readers get wrong, or any. */
  awkward32(): number {
    return this.chance(0.8) ? this.pick(AWKWARD) : Math.floor(this.float() * 2 ** 32);
  }
}

const AWKWARD = [
  0, 1, 2, 3, 4, 63, 64, 127, 128, 129, 255, 256, 1000, 4096, 65_535, 65_536, 0xfffffe, 0xffffff, 0x1000000,
  0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];
