import type { PacketBatch } from './packet-batch.js';

/** What a packet costs beside its payload: objects and wire forms' headers. */
const PACKET_OVERHEAD_BYTES = 256;

/**
 * The batches since the last start, for a player's first picture: the very ones that went out live. What is over the
 * limit is not cached at all: half a GOP cannot be shown.
 */
export class GopCache {
  readonly #bytesMax: number;
  #batches: PacketBatch[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** From the last start on; empty where there is none, or too much has come since. */
  get batches(): readonly PacketBatch[] {
    return this.#batches;
  }

  add(batch: PacketBatch): void {
    if (batch.headers !== null) this.clear();
    else if (this.#batches.length === 0) return;
    this.#batches.push(batch);
    for (const { payload } of batch.packets) this.#bytes += payload.length + PACKET_OVERHEAD_BYTES;
    if (this.#bytes > this.#bytesMax) this.clear();
  }

  clear(): void {
    this.#batches = [];
    this.#bytes = 0;
  }
}
