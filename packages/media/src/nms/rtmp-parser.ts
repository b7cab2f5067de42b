import type { InMessage } from '../rtmp/message.js';
import { loadNms } from './load-nms.js';

/** What this file relies on in node-media-server's `Rtmp` (pinned 4.4.3); `rtmp-parser.test.ts` tells what moved. */
interface NmsPacket {
  readonly header: {
    fmt: number;
    cid: number;
    timestamp: number;
    length: number;
    type: number;
    stream_id: number;
  };
  /** Timestamp summed from deltas. */
  clock: number;
  payload: Buffer;
  capacity: number;
  /** Payload bytes received of the message under way. */
  bytes: number;
}

interface NmsRtmp {
  handshakeState: number;
  handshakePayload: Buffer;
  parserBuffer: Buffer;
  parserBasicBytes: number;
  parserPacket: NmsPacket;
  inPackets: Map<number, NmsPacket>;
  inChunkSize: number;
  /** An FLV parser with a buffer of 1 MiB that receiving does not use. */
  flv: unknown;
  onOutputCallback: (bytes: Buffer) => void;
  parserData(bytes: Buffer): string | null;
  chunkMessageHeaderRead(): number;
  packetParse(): void;
  packetAlloc(): void;
  packetHandler(): void;
}

const NmsRtmpClass = loadNms('protocol/rtmp.js') as new () => NmsRtmp;

export interface ParserLimits {
  readonly messageBytesMax: number;
  readonly chunkStreamsMax: number;
}

/** The peer broke the protocol or a limit; its connection is to be closed. `code` is stable, for logs and counters. */
export class RtmpProtocolError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RtmpProtocolError';
    this.code = code;
  }
}

/** The handshake of RTMP 1.0 is what everybody speaks, RTMPE and the like are not served. */
const RTMP_VERSION = 3;
const HANDSHAKE_UNINIT = 0;
const HANDSHAKE_DONE = 3;
/** Bounds of Set Chunk Size: RTMP 1.0, 5.4.1, and no more than a message can hold. */
const CHUNK_BYTES_MAX = 0xffffff;
/** Memory first given to a message; it grows as its bytes come, so a length alone costs nothing. */
const FIRST_CAPACITY_BYTES = 65_536;

const SET_CHUNK_SIZE = 1;
const ABORT = 2;
const NOTHING = Buffer.alloc(0);

/**
 * The receiving half of an RTMP connection: node-media-server's handshake and chunk reader, with what it lacks. Added
 * or mended: C0 is checked; chunk stream ids of 3 bytes; timestamps wrap; a message of its own memory each; bounds on
 * messages, chunk streams and chunk size; abort; a new message within an unfinished one is an error.
 */
class BoundedRtmp extends NmsRtmpClass {
  readonly #limits: ParserLimits;
  readonly #onMessage: (message: InMessage) => void;
  /** Announced lengths of all messages under way. */
  #unfinishedBytes = 0;

  constructor(
    limits: ParserLimits,
    onOutput: (bytes: Buffer) => void,
    onMessage: (message: InMessage) => void,
  ) {
    super();
    this.flv = null;
    this.#limits = limits;
    this.#onMessage = onMessage;
    this.onOutputCallback = onOutput;
  }

  override packetParse(): void {
    const [first = 0, second = 0, third = 0] = this.parserBuffer;
    const format = first >> 6;
    // RTMP 1.0, 5.3.1.1: in the 3-byte form the third byte is the high one.
    const id =
      this.parserBasicBytes === 1
        ? first & 0x3f
        : this.parserBasicBytes === 2
          ? 64 + second
          : 64 + second + third * 256;
    const packet = this.inPackets.get(id) ?? this.#openChunkStream(id, format);
    if (packet.bytes > 0 && format !== 3) {
      throw new RtmpProtocolError(
        'message-interrupted',
        `chunk stream ${id} begins a message within another`,
      );
    }
    packet.header.fmt = format;
    this.parserPacket = packet;
    this.chunkMessageHeaderRead();
    if (packet.header.length > this.#limits.messageBytesMax) {
      throw new RtmpProtocolError(
        'message-too-large',
        `a message of ${packet.header.length} bytes, at most ${this.#limits.messageBytesMax} are taken`,
      );
    }
    if (packet.bytes > 0) this.#reserve(packet);
  }

  #openChunkStream(id: number, format: number): NmsPacket {
    if (format === 3)
      throw new RtmpProtocolError('chunk-stream-unknown', `chunk stream ${id} begins without a header`);
    if (this.inPackets.size >= this.#limits.chunkStreamsMax) {
      throw new RtmpProtocolError(
        'chunk-streams-max',
        `more than ${this.#limits.chunkStreamsMax} chunk streams`,
      );
    }
    const packet: NmsPacket = {
      header: { fmt: format, cid: id, timestamp: 0, length: 0, type: 0, stream_id: 0 },
      clock: 0,
      payload: NOTHING,
      capacity: 0,
      bytes: 0,
    };
    this.inPackets.set(id, packet);
    return packet;
  }

  /** Called at the first chunk of a message, when its timestamp is known. */
  override packetAlloc(): void {
    const packet = this.parserPacket;
    packet.clock %= 2 ** 32;
    this.#unfinishedBytes += packet.header.length;
    if (this.#unfinishedBytes > this.#limits.messageBytesMax * 2) {
      throw new RtmpProtocolError('unfinished-messages-max', 'too many large messages under way at once');
    }
    packet.payload = Buffer.allocUnsafe(Math.min(packet.header.length, FIRST_CAPACITY_BYTES));
    packet.capacity = packet.payload.length;
    this.#reserve(packet);
  }

  /** Room for the chunk that comes next. */
  #reserve(packet: NmsPacket): void {
    const needed = Math.min(packet.header.length, packet.bytes + this.inChunkSize);
    if (needed <= packet.capacity) return;
    const grown = Buffer.allocUnsafe(Math.min(packet.header.length, Math.max(needed, packet.capacity * 2)));
    packet.payload.copy(grown, 0, 0, packet.bytes);
    packet.payload = grown;
    packet.capacity = grown.length;
  }

  override packetHandler(): void {
    const { header, clock, payload } = this.parserPacket;
    this.parserPacket.payload = NOTHING;
    this.parserPacket.capacity = 0;
    this.#unfinishedBytes -= header.length;
    const body = payload.subarray(0, header.length);
    if (header.type === SET_CHUNK_SIZE) this.#setChunkSize(body);
    else if (header.type === ABORT) this.#abort(body);
    else
      this.#onMessage({ type: header.type, timestampMs: clock, streamId: header.stream_id, payload: body });
  }

  #setChunkSize(body: Buffer): void {
    const bytes = body.length >= 4 ? body.readUInt32BE() : 0;
    if (bytes < 1 || bytes > CHUNK_BYTES_MAX) {
      throw new RtmpProtocolError('chunk-size-invalid', `a chunk size of ${bytes} bytes`);
    }
    // The reader counts chunks by the present size; a message under way would be cut at wrong places.
    for (const packet of this.inPackets.values()) {
      if (packet.bytes > 0) {
        throw new RtmpProtocolError('message-interrupted', 'the chunk size changes within a message');
      }
    }
    this.inChunkSize = bytes;
  }

  /** RTMP 1.0, 5.4.2: the rest of that chunk stream's message will not come. */
  #abort(body: Buffer): void {
    const packet = body.length >= 4 ? this.inPackets.get(body.readUInt32BE()) : undefined;
    if (packet === undefined || packet.bytes === 0) return;
    this.#unfinishedBytes -= packet.header.length;
    packet.bytes = 0;
    packet.payload = NOTHING;
    packet.capacity = 0;
  }
}

/** One connection's incoming bytes, made into messages. */
export class RtmpParser {
  readonly #rtmp: BoundedRtmp;

  /** `onOutput` gets the handshake's answer, `onMessage` every message but Set Chunk Size and Abort. */
  constructor(
    limits: ParserLimits,
    onOutput: (bytes: Buffer) => void,
    onMessage: (message: InMessage) => void,
  ) {
    this.#rtmp = new BoundedRtmp(limits, onOutput, onMessage);
  }

  get isHandshakeDone(): boolean {
    return this.#rtmp.handshakeState === HANDSHAKE_DONE;
  }

  /** For a client, whose own handshake came before: the next byte is a chunk's first. */
  skipHandshake(): void {
    this.#rtmp.handshakeState = HANDSHAKE_DONE;
  }

  /** Throws `RtmpProtocolError`, and whatever `onMessage` throws; the connection cannot go on after that. */
  feed(bytes: Buffer): void {
    if (this.#rtmp.handshakeState === HANDSHAKE_UNINIT && bytes[0] !== RTMP_VERSION) {
      throw new RtmpProtocolError(
        'not-rtmp',
        `the first byte is ${bytes[0]}, RTMP begins with ${RTMP_VERSION}`,
      );
    }
    this.#rtmp.parserData(bytes);
  }
}
