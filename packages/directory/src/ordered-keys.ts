import type { StreamKey } from './stream-key.js';

/** A block is cut in two when it would be longer: moving this many references costs less than a microsecond. */
const BLOCK_MAX = 512;

/** Stream keys in the order of their UTF-16 units: a sorted list in blocks, so that each change moves only a few. */
export class OrderedKeys {
  /** None is empty; each key of one comes before all keys of the next. */
  readonly #blocks: StreamKey[][] = [];

  /** The key is not there yet. */
  add(key: StreamKey): void {
    // Stryker disable next-line ArithmeticOperator: then a key beyond the last begins a block, which is slower alone.
    const at = Math.min(this.#blockOf(key), this.#blocks.length - 1);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([key]);
      return;
    }
    block.splice(firstFrom(block, key), 0, key);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: how long blocks are is a matter of speed alone.
    if (block.length > BLOCK_MAX) this.#blocks.splice(at + 1, 0, block.splice(BLOCK_MAX >> 1));
  }

  delete(key: StreamKey): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const index = firstFrom(block, key);
    if (block[index] !== key) return;
    if (block.length === 1) this.#blocks.splice(at, 1);
    else block.splice(index, 1);
  }

  /** The first keys that are not before `from`, at most `max`. */
  from(from: StreamKey, max: number): readonly StreamKey[] {
    const found: StreamKey[] = [];
    let at = this.#blockOf(from);
    let block = this.#blocks[at];
    for (let index = block === undefined ? 0 : firstFrom(block, from); block !== undefined; index = 0) {
      for (; index < block.length; index += 1) {
        if (found.length >= max) return found;
        found.push(block[index] as StreamKey);
      }
      at += 1;
      block = this.#blocks[at];
    }
    return found;
  }

  /** The first block whose last key is not before this one; one beyond the last where there is none. */
  #blockOf(key: StreamKey): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#blocks[middle]?.at(-1) as StreamKey;
      if (last < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where the first key stands that is not before this one; one beyond the last where there is none. */
function firstFrom(keys: readonly StreamKey[], key: StreamKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as StreamKey) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
