import type { MediaPacket } from './packet.js';

/** What a packet costs beside its payload: objects and wire forms' headers. */
const PACKET_OVERHEAD_BYTES = 256;

/**
 * The packets since the last keyframe, for a player's first picture. A GOP over the limit is not cached at all: half
 * of one cannot be shown.
 */
export class GopCache {
  readonly #bytesMax: number;
  #packets: MediaPacket[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** From the last keyframe on; empty where there is none or its GOP is too long. */
  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  add(packet: MediaPacket): void {
    if (packet.isKeyframe) this.clear();
    else if (this.#packets.length === 0) return;
    if (this.#isOver) return;
    this.#bytes += packet.payload.length + PACKET_OVERHEAD_BYTES;
    if (this.#bytes > this.#bytesMax) {
      this.#packets = [];
      this.#isOver = true;
    } else {
      this.#packets.push(packet);
    }
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
    this.#isOver = false;
  }
}
