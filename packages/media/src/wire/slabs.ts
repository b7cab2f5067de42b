/**
 * Bytes of one slab. A piece that somebody holds on to keeps all of it, and so may each connection with its message that has not
 * come whole.
 */
const SLAB_BYTES = 32_768;
/** What takes more than this part of a slab gets memory of its own: else the end of each slab would stay empty. */
const LARGE_PART = 1 / 4;

/**
 * Memory for pieces that are let go soon, such as frames on their way to players, whoever sends them. One larger piece of
 * memory takes the place of many small ones, and is dead before the collector has looked at it twice: it is freed with the
 * young. A piece that is to stay is to be copied (`ownCopy`).
 */
export class Slabs {
  #slab = NOTHING;
  #used = 0;

  /** Uninitialised memory of just so many bytes. */
  take(bytes: number): Buffer {
    if (bytes > SLAB_BYTES * LARGE_PART) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.#slab.length - this.#used) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return this.#slab.subarray(from, this.#used);
  }
}

/** The same bytes in memory that nothing else shares, not even the pool of small buffers. */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

const NOTHING = Buffer.alloc(0);

/** What comes in on all connections of this thread. */
export const INCOMING = new Slabs();
