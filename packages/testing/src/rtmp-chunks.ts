/** One RTMP message as it came: RTMP 1.0, section 5.3. */
export interface RtmpMessage {
  readonly chunkStream: number;
  readonly timestampMs: number;
  /** 1 SetChunkSize, 4 UserControl, 5 WindowAckSize, 6 SetPeerBandwidth, 8 audio, 9 video, 18 data, 20 command. */
  readonly type: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

interface ChunkStream {
  timestampMs: number;
  deltaMs: number;
  length: number;
  type: number;
  streamId: number;
  isExtended: boolean;
  parts: Buffer[];
  have: number;
}

const EXTENDED = 0xffffff;
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;

/**
 * Puts messages together from chunks (RTMP 1.0, section 5.3.1), minding the peer's SetChunkSize. Written after the
 * specification alone, so that the product's reader and writer are checked by another.
 */
export class ChunkReader {
  #rest: Buffer = Buffer.alloc(0);
  #chunkSize = 128;
  readonly #streams = new Map<number, ChunkStream>();

  read(bytes: Buffer): RtmpMessage[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: RtmpMessage[] = [];
    for (let taken = this.#chunk(messages); taken > 0; taken = this.#chunk(messages)) {
      this.#rest = this.#rest.subarray(taken);
    }
    return messages;
  }

  /** Reads one chunk; returns its size, 0 where it is not all there yet. */
  #chunk(messages: RtmpMessage[]): number {
    const bytes = this.#rest;
    if (bytes.length < 1) return 0;
    const first = bytes.readUInt8(0);
    const format = first >> 6;
    let chunkStream = first & 0x3f;
    let at = 1;
    if (chunkStream < 2) {
      const more = chunkStream + 1;
      if (bytes.length < 1 + more) return 0;
      chunkStream = 64 + (more === 1 ? bytes.readUInt8(1) : bytes.readUInt16LE(1));
      at += more;
    }
    const headerBytes = MESSAGE_HEADER_BYTES[format] ?? 0;
    if (bytes.length < at + headerBytes) return 0;
    const known = this.#streams.get(chunkStream);
    if (known === undefined && format !== 0)
      throw new Error(`chunk stream ${chunkStream} starts with format ${format}`);
    const state: ChunkStream = known ? { ...known } : emptyStream();
    let stamp = format < 3 ? bytes.readUIntBE(at, 3) : 0;
    if (format < 3) state.isExtended = stamp === EXTENDED;
    if (format < 2) {
      state.length = bytes.readUIntBE(at + 3, 3);
      state.type = bytes.readUInt8(at + 6);
    }
    if (format === 0) state.streamId = bytes.readUInt32LE(at + 7);
    at += headerBytes;
    if (state.isExtended) {
      if (bytes.length < at + 4) return 0;
      stamp = bytes.readUInt32BE(at);
      at += 4;
    }
    if (state.have === 0) {
      if (format === 0) {
        state.timestampMs = stamp;
        state.deltaMs = stamp;
      } else {
        if (format < 3) state.deltaMs = stamp;
        state.timestampMs = (state.timestampMs + state.deltaMs) >>> 0;
      }
    }
    const size = Math.min(this.#chunkSize, state.length - state.have);
    if (bytes.length < at + size) return 0;
    state.parts = [...state.parts, bytes.subarray(at, at + size)];
    state.have += size;
    if (state.have === state.length) {
      const { timestampMs, type, streamId } = state;
      const payload = Buffer.concat(state.parts);
      messages.push({ chunkStream, timestampMs, type, streamId, payload });
      if (type === 1) this.#chunkSize = payload.readUInt32BE(0) & 0x7fffffff;
      state.parts = [];
      state.have = 0;
    }
    this.#streams.set(chunkStream, state);
    return at + size;
  }
}

function emptyStream(): ChunkStream {
  return {
    timestampMs: 0,
    deltaMs: 0,
    length: 0,
    type: 0,
    streamId: 0,
    isExtended: false,
    parts: [],
    have: 0,
  };
}

/** One message in chunks, of 128 bytes as before any SetChunkSize where not said otherwise; chunk streams 2 to 65,599. */
export function chunksOf(
  chunkStream: number,
  type: number,
  streamId: number,
  payload: Buffer,
  timestampMs = 0,
  chunkSize = 128,
): Buffer {
  const isExtended = timestampMs >= EXTENDED;
  const extended = Buffer.alloc(isExtended ? 4 : 0);
  if (isExtended) extended.writeUInt32BE(timestampMs);
  const header = Buffer.alloc(11);
  header.writeUIntBE(isExtended ? EXTENDED : timestampMs, 0, 3);
  header.writeUIntBE(payload.length, 3, 3);
  header[6] = type;
  header.writeUInt32LE(streamId, 7);
  const parts: Buffer[] = [basicHeader(0, chunkStream), header, extended];
  for (let at = 0; at < payload.length; at += chunkSize) {
    if (at > 0) parts.push(basicHeader(3, chunkStream), extended);
    parts.push(payload.subarray(at, at + chunkSize));
  }
  return Buffer.concat(parts);
}

/** RTMP 1.0, section 5.3.1.1. */
function basicHeader(format: number, chunkStream: number): Buffer {
  const bits = format << 6;
  if (chunkStream < 64) return Buffer.of(bits | chunkStream);
  const above = chunkStream - 64;
  return above < 256 ? Buffer.of(bits, above) : Buffer.of(bits | 1, above & 0xff, above >> 8);
}
