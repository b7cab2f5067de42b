import { EXTENDED_TIMESTAMP, EXTENDED_TIMESTAMP_BYTES, FULL_HEADER_BYTES } from './chunk-format.js';

/** Chunk size that we announce to every peer and cut by, as SRS does; media is framed once for all players. */
export const OUT_CHUNK_BYTES = 60_000;

export interface OutMessage {
  /** 2 to 65599. */
  readonly chunkStream: number;
  readonly type: number;
  /** 32 bits unsigned. */
  readonly timestampMs: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** One message as chunks: a type 0 header, then type 3 (RTMP 1.0, 5.3.1). */
export function chunkMessage(message: OutMessage, chunkBytes: number): Buffer {
  const { chunkStream, timestampMs, payload } = message;
  const out = Buffer.allocUnsafe(chunkedBytes(chunkStream, timestampMs, payload.length, chunkBytes));
  writeChunks(out, 0, message, chunkBytes);
  return out;
}

/** How many bytes a message takes as chunks. */
export function chunkedBytes(
  chunkStream: number,
  timestampMs: number,
  payloadBytes: number,
  chunkBytes: number,
): number {
  const extendedBytes = timestampMs >= EXTENDED_TIMESTAMP ? EXTENDED_TIMESTAMP_BYTES : 0;
  const again = basicHeaderBytes(chunkStream) + extendedBytes;
  const chunks = Math.max(1, Math.ceil(payloadBytes / chunkBytes));
  return again * chunks + FULL_HEADER_BYTES + payloadBytes;
}

/** Writes the message as chunks into `out`, which has room for them. Returns the offset after it. */
export function writeChunks(out: Buffer, offset: number, message: OutMessage, chunkBytes: number): number {
  const { payload, chunkStream, timestampMs } = message;
  const isExtended = timestampMs >= EXTENDED_TIMESTAMP;
  let at = writeBasicHeader(out, offset, 0, chunkStream);
  out.writeUIntBE(isExtended ? EXTENDED_TIMESTAMP : timestampMs, at, 3);
  out.writeUIntBE(payload.length, at + 3, 3);
  out[at + 6] = message.type;
  out.writeUInt32LE(message.streamId, at + 7);
  at += FULL_HEADER_BYTES;
  for (let from = 0; ; ) {
    if (isExtended) at = out.writeUInt32BE(timestampMs, at);
    at += payload.copy(out, at, from, from + chunkBytes);
    from += chunkBytes;
    if (from >= payload.length) return at;
    at = writeBasicHeader(out, at, 3, chunkStream);
  }
}

function basicHeaderBytes(chunkStream: number): number {
  return chunkStream < 64 ? 1 : chunkStream < 320 ? 2 : 3;
}

/** RTMP 1.0, 5.3.1.1; in the 3-byte form the second byte is the low one. Returns the offset after it. */
function writeBasicHeader(out: Buffer, at: number, format: number, chunkStream: number): number {
  if (chunkStream < 64) {
    out[at] = (format << 6) | chunkStream;
    return at + 1;
  }
  const rest = chunkStream - 64;
  if (chunkStream < 320) {
    out[at] = format << 6;
    out[at + 1] = rest;
    return at + 2;
  }
  out[at] = (format << 6) | 1;
  out[at + 1] = rest & 0xff;
  out[at + 2] = rest >> 8;
  return at + 3;
}
