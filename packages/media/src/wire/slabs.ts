/**
 * Most bytes of one slab: with the few that an allocator adds they are whole pages. Allocators give so much back to the system once it is free
 * (glibc where it is told to, as workers' is), and what nothing was written to yet is not there at all.
 */
const SLAB_BYTES_MAX = 131_008;
const SLAB_BYTES_MIN = 1024;
/** What takes more than this part of a slab gets memory of its own: else the end of each slab would stay empty. */
const LARGE_PART = 1 / 4;
/** A slab is for so many pieces of the usual size. All of them have to be let go before its memory is free. */
const PIECES = 32;
/** Weight of the newest piece in the usual size. */
const SMOOTHING = 1 / 16;

/**
 * Memory for pieces that come one after the other and are let go in about the same order, such as one publisher's frames.
 * Few large pieces of memory of few sizes take the place of many small ones of all sizes: less for the collector to look
 * at, and nothing that lies in pieces between the live. A piece that is to stay much longer than its neighbours is to be
 * copied (`ownCopy`), since it keeps all of its slab.
 */
export class Slabs {
  #slab = NOTHING;
  #used = 0;
  #usualBytes = 0;

  /** Uninitialised memory of just so many bytes. */
  take(bytes: number): Buffer {
    this.#usualBytes += (bytes - this.#usualBytes) * SMOOTHING;
    const room = this.#slab.length - this.#used;
    if (bytes > room) {
      const slabBytes = slabBytesFor(this.#usualBytes);
      // One of the usual size may still fit.
      if (room >= this.#usualBytes || bytes > slabBytes * LARGE_PART) return Buffer.allocUnsafeSlow(bytes);
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return this.#slab.subarray(from, this.#used);
  }
}

/** A power of two, so that slabs are of few sizes. */
function slabBytesFor(usualBytes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, usualBytes * PIECES)));
  return Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, wanted));
}

/** The same bytes in memory that nothing else shares, not even the pool of small buffers. */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

const NOTHING = Buffer.alloc(0);
