/** Bytes of the length before the one message that each side of a query stream sends. */
export const LENGTH_BYTES = 4;

/** A message with its length before it: 4 bytes, big endian. */
export function withLength(message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + message.byteLength);
  bytes.writeUInt32BE(message.byteLength, 0);
  bytes.set(message, LENGTH_BYTES);
  return bytes;
}

/** Gathers one message. Keeps what came, not what a length promises. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #size: number | null = null;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The message once it is whole; null until then. What follows it is ignored. */
  push(chunk: Uint8Array): Uint8Array | 'too-large' | null {
    this.#chunks.push(chunk);
    this.#length += chunk.byteLength;
    if (this.#size === null && this.#length >= LENGTH_BYTES) {
      const head = Buffer.concat(this.#chunks);
      this.#chunks.splice(0, this.#chunks.length, head);
      this.#size = head.readUInt32BE(0);
    }
    if (this.#size === null) return null;
    if (this.#size > this.#bytesMax) return 'too-large';
    const end = LENGTH_BYTES + this.#size;
    return this.#length < end ? null : Buffer.concat(this.#chunks).subarray(LENGTH_BYTES, end);
  }
}
