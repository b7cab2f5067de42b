import { INCOMING } from '../slabs.js';
import { EXTENDED_TIMESTAMP, EXTENDED_TIMESTAMP_BYTES, FULL_HEADER_BYTES } from './chunk-format.js';
import { type InMessage, MESSAGE_TYPE } from './message.js';
import { RtmpProtocolError } from './rtmp-protocol-error.js';

export interface ParserLimits {
  readonly messageBytesMax: number;
  readonly chunkStreamsMax: number;
}

/** RTMP 1.0, 5.4.1: what holds until the peer says otherwise. */
const CHUNK_BYTES_DEFAULT = 128;
/** 5.4.1: sizes from here on all mean that each message is one chunk. */
const CHUNK_BYTES_MAX = 0xffffff;
/** 5.3.1.2: message headers of types 0 to 3. */
const MESSAGE_HEADER_BYTES = [FULL_HEADER_BYTES, 7, 3, 0] as const;
const CLOCK = 2 ** 32;
/** Memory first given to a message; it grows as its bytes come, so a length alone costs nothing. */
const FIRST_CAPACITY_BYTES = 65_536;
/** So many messages under way may lie beside those of other connections, and keep what those have long let go; encoders have 2. */
const BESIDE_OTHERS_MAX = 4;
const NOTHING = Buffer.alloc(0);

class ChunkStream {
  /** The 3 bytes of the last header that had them, and what they meant: a time after type 0, else a step. */
  field = 0;
  stepMs = 0;
  clock = 0;
  length = 0;
  type = 0;
  streamId = 0;
  payload: Buffer = NOTHING;
  received = 0;
  isOpen = false;

  drop(): void {
    this.payload = NOTHING;
    this.received = 0;
    this.isOpen = false;
  }
}

/**
 * Makes messages of chunks (RTMP 1.0, 5.3.1), within limits. Of node-media-server's reader it shares nothing: that takes
 * different chunk stream ids of 3 bytes for one, cuts messages wrongly where a type 3 chunk leaves out the extended
 * timestamp, and holds back empty messages.
 */
export class ChunkParser {
  readonly #limits: ParserLimits;
  readonly #onMessage: (message: InMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = CHUNK_BYTES_DEFAULT;
  /** A header that is not whole yet. */
  #held: Buffer = NOTHING;
  #stream: ChunkStream | null = null;
  /** What is missing of the present chunk. */
  #chunkLeft = 0;
  /** Whether the peer repeats extended timestamps in type 3 chunks, by the last chunk that told; unknown before. */
  #repeatsTime: boolean | null = null;
  /** Messages under way, and their announced lengths. */
  #openMessages = 0;
  #openBytes = 0;

  /** `onMessage` gets every message but Set Chunk Size and Abort. */
  constructor(limits: ParserLimits, onMessage: (message: InMessage) => void) {
    this.#limits = limits;
    this.#onMessage = onMessage;
  }

  /** Throws `RtmpProtocolError`, and whatever `onMessage` throws; the connection cannot go on after that. */
  feed(more: Buffer): void {
    const bytes = this.#held.length === 0 ? more : Buffer.concat([this.#held, more]);
    this.#held = NOTHING;
    for (let at = 0; at < bytes.length; ) {
      if (this.#stream === null) {
        const headerBytes = this.#header(bytes, at);
        if (headerBytes === 0) {
          this.#held = Buffer.from(bytes.subarray(at));
          return;
        }
        at += headerBytes;
      }
      at += this.#body(bytes, at);
    }
  }

  /** Reads one chunk's headers. Returns their length, 0 where they are not all there yet. */
  #header(bytes: Buffer, at: number): number {
    const first = bytes[at] ?? 0;
    const format = first >> 6;
    const low = first & 0x3f;
    const basicBytes = low === 0 ? 2 : low === 1 ? 3 : 1;
    const from = at + basicBytes;
    const end = from + (MESSAGE_HEADER_BYTES[format] ?? 0);
    if (bytes.length < end) return 0;
    // 5.3.1.1: in the 3-byte form the third byte is the high one.
    const second = 64 + (bytes[at + 1] ?? 0);
    const id = basicBytes === 1 ? low : basicBytes === 2 ? second : second + 256 * (bytes[at + 2] ?? 0);
    const stream = this.#streams.get(id) ?? this.#openStream(id, format);
    if (stream.isOpen && format !== 3) {
      throw new RtmpProtocolError(
        'message-interrupted',
        `chunk stream ${id} begins a message within another`,
      );
    }
    const field = format === 3 ? stream.field : bytes.readUIntBE(from, 3);
    const isExtended = field === EXTENDED_TIMESTAMP;
    if (stream.isOpen) {
      const next = bytes.subarray(end, end + EXTENDED_TIMESTAMP_BYTES);
      const repeatedBytes = isExtended ? this.#repeatedTimeBytes(stream, next) : 0;
      return repeatedBytes === null ? 0 : this.#enter(stream, end + repeatedBytes - at);
    }
    if (isExtended && bytes.length < end + EXTENDED_TIMESTAMP_BYTES) return 0;
    const time = isExtended ? bytes.readUInt32BE(end) : field;
    stream.field = field;
    if (format <= 1) {
      stream.length = bytes.readUIntBE(from + 3, 3);
      stream.type = bytes[from + 6] ?? 0;
    }
    if (format === 0) stream.streamId = bytes.readUInt32LE(from + 7);
    // 5.3.1.2.4: a new message by type 3 steps as far as the one before, or by the time of a type 0.
    if (format !== 3) stream.stepMs = time;
    stream.clock = format === 0 ? time : (stream.clock + stream.stepMs) % CLOCK;
    this.#begin(stream);
    return this.#enter(stream, end - at + (isExtended ? EXTENDED_TIMESTAMP_BYTES : 0));
  }

  /** The next bytes are a chunk's body. Returns the length of its headers, as given. */
  #enter(stream: ChunkStream, headerBytes: number): number {
    this.#stream = stream;
    this.#chunkLeft = this.#nextChunkBytes(stream);
    return headerBytes;
  }

  #nextChunkBytes(stream: ChunkStream): number {
    return Math.min(this.#chunkBytes, stream.length - stream.received);
  }

  /**
   * How many bytes of a repeated timestamp come before the body of a type 3 chunk: 5.3.1.3 wants 4, librtmp before 2015
   * and others send none. Told apart by their values. Null while there are fewer than 4 bytes and they may be the time's
   * first ones, unless they are the whole body and this peer is known to repeat no timestamps.
   */
  #repeatedTimeBytes(stream: ChunkStream, there: Buffer): number | null {
    const isTime = [stream.stepMs, stream.clock].some((time) => startsWith(time, there));
    if (isTime && there.length < EXTENDED_TIMESTAMP_BYTES) {
      const isBodyThere = this.#nextChunkBytes(stream) <= there.length;
      return isBodyThere && this.#repeatsTime === false ? 0 : null;
    }
    this.#repeatsTime = isTime;
    return isTime ? EXTENDED_TIMESTAMP_BYTES : 0;
  }

  #openStream(id: number, format: number): ChunkStream {
    if (format === 3)
      throw new RtmpProtocolError('chunk-stream-unknown', `chunk stream ${id} begins without a header`);
    const { chunkStreamsMax } = this.#limits;
    if (this.#streams.size >= chunkStreamsMax)
      throw new RtmpProtocolError('chunk-streams-max', `more than ${chunkStreamsMax} chunk streams`);
    const stream = new ChunkStream();
    this.#streams.set(id, stream);
    return stream;
  }

  #begin(stream: ChunkStream): void {
    const { messageBytesMax } = this.#limits;
    if (stream.length > messageBytesMax) {
      throw new RtmpProtocolError(
        'message-too-large',
        `a message of ${stream.length} bytes, at most ${messageBytesMax} are taken`,
      );
    }
    this.#openBytes += stream.length;
    if (this.#openBytes > messageBytesMax * 2)
      throw new RtmpProtocolError('unfinished-messages-max', 'too many large messages under way at once');
    const bytes = Math.min(stream.length, FIRST_CAPACITY_BYTES);
    const isBeside = this.#openMessages < BESIDE_OTHERS_MAX;
    this.#openMessages += 1;
    stream.isOpen = true;
    stream.payload = isBeside ? INCOMING.take(bytes) : Buffer.allocUnsafeSlow(bytes);
  }

  /** More room for a message whose memory is full. */
  #grow(stream: ChunkStream): void {
    const { payload, length, received } = stream;
    const grown = Buffer.allocUnsafeSlow(Math.min(length, payload.length * 2));
    payload.copy(grown, 0, 0, received);
    stream.payload = grown;
  }

  /** Takes what is there of the present chunk. Returns how much. */
  #body(bytes: Buffer, at: number): number {
    const stream = this.#stream;
    if (stream === null) return 0;
    let taken = 0;
    while (this.#chunkLeft > 0 && at + taken < bytes.length) {
      if (stream.received === stream.payload.length) this.#grow(stream);
      const room = stream.payload.length - stream.received;
      const count = Math.min(this.#chunkLeft, bytes.length - at - taken, room);
      bytes.copy(stream.payload, stream.received, at + taken, at + taken + count);
      stream.received += count;
      this.#chunkLeft -= count;
      taken += count;
    }
    if (this.#chunkLeft > 0) return taken;
    this.#stream = null;
    if (stream.received === stream.length) this.#finish(stream);
    return taken;
  }

  #finish(stream: ChunkStream): void {
    const { type, streamId, clock, payload } = stream;
    this.#close(stream);
    if (type === MESSAGE_TYPE.setChunkSize) this.#setChunkSize(payload);
    else if (type === MESSAGE_TYPE.abort) this.#abort(payload);
    else this.#onMessage({ type, timestampMs: clock, streamId, payload });
  }

  /** 5.4.1: the first bit is zero, and the size at least 1. Messages under way go on with it. */
  #setChunkSize(payload: Buffer): void {
    const bytes = payload.length >= 4 ? payload.readInt32BE() : 0;
    if (bytes < 1) throw new RtmpProtocolError('chunk-size-invalid', `a chunk size of ${bytes} bytes`);
    this.#chunkBytes = Math.min(bytes, CHUNK_BYTES_MAX);
  }

  /** 5.4.2: the rest of that chunk stream's message will not come. */
  #abort(payload: Buffer): void {
    const stream = payload.length >= 4 ? this.#streams.get(payload.readUInt32BE()) : undefined;
    if (stream === undefined || !stream.isOpen) return;
    this.#close(stream);
  }

  #close(stream: ChunkStream): void {
    this.#openBytes -= stream.length;
    this.#openMessages -= 1;
    stream.drop();
  }
}

/** Whether the 4 bytes of this time begin with these. */
function startsWith(timeMs: number, bytes: Buffer): boolean {
  return bytes.every((byte, i) => byte === ((timeMs >>> (24 - 8 * i)) & 0xff));
}
