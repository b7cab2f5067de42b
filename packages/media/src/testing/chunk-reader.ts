import type { InMessage } from '../wire/rtmp/message.js';

/**
 * A second, plain reader of chunks (RTMP 1.0, 5.3.1) for tests: written after the specification alone, so that our
 * writer and node-media-server's reader are each checked against something else.
 */
export class ChunkReader {
  readonly #streams = new Map<number, ChunkStream>();
  #bytes: Buffer = Buffer.alloc(0);
  #chunkBytes = 128;

  /** Chunk stream of each message in the order of `read`'s results so far. */
  readonly chunkStreams: number[] = [];

  read(bytes: Buffer): InMessage[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const messages: InMessage[] = [];
    for (;;) {
      const taken = this.#chunk(messages);
      if (taken === 0) return messages;
      this.#bytes = this.#bytes.subarray(taken);
    }
  }

  /** Reads one chunk; returns its length, 0 where it is not whole yet. */
  #chunk(messages: InMessage[]): number {
    const b = this.#bytes;
    let at = 0;
    const need = (count: number): boolean => b.length >= at + count;
    if (!need(1)) return 0;
    const first = b.readUInt8(0);
    const format = first >> 6;
    let id = first & 0x3f;
    at = 1;
    if (id === 0) {
      if (!need(1)) return 0;
      id = 64 + b.readUInt8(1);
      at = 2;
    } else if (id === 1) {
      if (!need(2)) return 0;
      id = 64 + b.readUInt8(1) + 256 * b.readUInt8(2);
      at = 3;
    }
    const headerBytes = [11, 7, 3, 0][format] ?? 0;
    if (!need(headerBytes)) return 0;
    const stream = this.#streams.get(id) ?? new ChunkStream();
    const isNew = stream.parts.length === 0;
    let field = stream.field;
    let { length, type, streamId } = stream;
    if (format <= 2) field = b.readUIntBE(at, 3);
    if (format <= 1) {
      length = b.readUIntBE(at + 3, 3);
      type = b.readUInt8(at + 6);
    }
    if (format === 0) streamId = b.readUInt32LE(at + 7);
    at += headerBytes;
    let time = field;
    if (field === 0xffffff) {
      if (!need(4)) return 0;
      time = b.readUInt32BE(at);
      at += 4;
    }
    const size = Math.min(this.#chunkBytes, length - stream.received);
    if (!need(size)) return 0;
    Object.assign(stream, { field, length, type, streamId });
    if (isNew) stream.time = format === 0 ? time : (stream.time + time) >>> 0;
    stream.parts.push(Buffer.from(b.subarray(at, at + size)));
    stream.received += size;
    this.#streams.set(id, stream);
    if (stream.received >= length) {
      const payload = Buffer.concat(stream.parts);
      stream.parts = [];
      stream.received = 0;
      if (type === 1) this.#chunkBytes = payload.readUInt32BE();
      this.chunkStreams.push(id);
      messages.push({ type, timestampMs: stream.time, streamId, payload });
    }
    return at + size;
  }
}

class ChunkStream {
  field = 0;
  time = 0;
  length = 0;
  type = 0;
  streamId = 0;
  parts: Buffer[] = [];
  received = 0;
}
