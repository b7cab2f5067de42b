import { ENVELOPE_BYTES_MAX } from '../wire/envelope.js';

/**
 * Messages on a stream: length (4 bytes, big endian, of what follows), channel (1 byte), message.
 */
export const DIRECT = 0;
export const BROADCAST = 1;

const HEAD_BYTES = 4;

/** Longest frame without its length. */
export const FRAME_BYTES_MAX = 1 + ENVELOPE_BYTES_MAX;

export function frame(channel: number, message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + 1 + message.byteLength);
  bytes.writeUInt32BE(1 + message.byteLength, 0);
  bytes[HEAD_BYTES] = channel;
  bytes.set(message, HEAD_BYTES + 1);
  return bytes;
}

/** Cuts a stream of bytes into frames. Holds no more than one unfinished frame. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls `take` for each whole frame. Returns false where a frame is longer than allowed: the stream is of no use then. */
  push(chunk: Uint8Array, take: (channel: number, message: Uint8Array) => void): boolean {
    const bytes =
      this.#rest.byteLength === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.byteLength - at > HEAD_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length === 0 || length > FRAME_BYTES_MAX) return false;
      const end = at + HEAD_BYTES + length;
      if (end > bytes.byteLength) break;
      take(bytes[at + HEAD_BYTES] as number, bytes.subarray(at + HEAD_BYTES + 1, end));
      at = end;
    }
    this.#rest = at === bytes.byteLength ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return true;
  }
}
