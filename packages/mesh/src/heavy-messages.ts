import { type MemberId, Slice } from '@headwater/directory';

/** A message of this size takes some 0.2 ms to decode and to apply; a part of a repair has 48 KB. */
export const HEAVY_BYTES = 4 * 1024;

/** Bytes that may wait; beyond that they are taken at once. More than a window of parts from each of a dozen members. */
export const HEAVY_WAITING_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Gives on what members send directly: what is small at once, parts of repairs in slices, in the order in which they came.
 * Whatever is small goes before them: a heartbeat does not wait for a snapshot.
 */
export class HeavyMessages {
  readonly #give: (peer: MemberId, bytes: Uint8Array) => void;
  readonly #waiting: { readonly peer: MemberId; readonly bytes: Uint8Array }[] = [];
  #waitingBytes = 0;
  #next: NodeJS.Immediate | null = null;

  constructor(give: (peer: MemberId, bytes: Uint8Array) => void) {
    this.#give = give;
  }

  take(peer: MemberId, bytes: Uint8Array): void {
    if (bytes.byteLength < HEAVY_BYTES) {
      this.#give(peer, bytes);
      return;
    }
    this.#waiting.push({ peer, bytes });
    this.#waitingBytes += bytes.byteLength;
    while (this.#waitingBytes > HEAVY_WAITING_BYTES_MAX) this.#giveOne();
    this.#next ??= setImmediate(() => this.#giveSlice());
  }

  stop(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    this.#waiting.length = 0;
  }

  #giveSlice(): void {
    this.#next = null;
    const slice = new Slice(() => performance.now());
    while (this.#waiting.length > 0 && !slice.isOver) this.#giveOne();
    if (this.#waiting.length > 0) this.#next = setImmediate(() => this.#giveSlice());
  }

  #giveOne(): void {
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#waitingBytes -= first.bytes.byteLength;
    this.#give(first.peer, first.bytes);
  }
}
