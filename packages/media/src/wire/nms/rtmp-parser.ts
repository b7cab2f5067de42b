import { ChunkParser, type ParserLimits } from '../rtmp/chunk-parser.js';
import type { InMessage } from '../rtmp/message.js';
import { RtmpProtocolError } from '../rtmp/rtmp-protocol-error.js';
import { lightly, loadNms } from './load-nms.js';

/** What this file relies on in node-media-server's `Rtmp` (pinned 4.4.3); `rtmp-parser.test.ts` tells what moved. */
interface NmsRtmp {
  handshakeState: number;
  /** Holds C1 until it is whole. */
  handshakePayload: Buffer;
  /** Gets S0, S1 and S2 once C1 came. */
  onOutputCallback: (bytes: Buffer) => void;
  parserData(bytes: Buffer): string | null;
  /** Gets all that comes after C2. */
  chunkRead(bytes: Buffer, from: number, length: number): string | null;
}

const newRtmp = lightly(loadNms('protocol/rtmp.js') as new () => NmsRtmp);
const HANDSHAKE_BYTES = 1536;

/** The handshake of RTMP 1.0 is what everybody speaks, RTMPE and the like are not served. */
const RTMP_VERSION = 3;
const HANDSHAKE_UNINIT = 0;
const HANDSHAKE_DONE = 3;

/** One connection's incoming bytes, made into messages: node-media-server's handshake, then our chunk parser. */
export class RtmpParser {
  readonly #chunks: ChunkParser;
  #handshake: NmsRtmp | null;

  /** `onOutput` gets the handshake's answer, `onMessage` every message but Set Chunk Size and Abort. */
  constructor(
    limits: ParserLimits,
    onOutput: (bytes: Buffer) => void,
    onMessage: (message: InMessage) => void,
  ) {
    this.#chunks = new ChunkParser(limits, onMessage);
    const nms = newRtmp();
    nms.handshakePayload = Buffer.alloc(HANDSHAKE_BYTES);
    nms.onOutputCallback = onOutput;
    nms.chunkRead = (bytes, from, length) => {
      this.#chunks.feed(bytes.subarray(from, from + length));
      return null;
    };
    this.#handshake = nms;
  }

  get isHandshakeDone(): boolean {
    return this.#handshake === null;
  }

  /** Throws `RtmpProtocolError`, and whatever `onMessage` throws; the connection cannot go on after that. */
  feed(bytes: Buffer): void {
    const nms = this.#handshake;
    if (nms === null) {
      this.#chunks.feed(bytes);
      return;
    }
    if (nms.handshakeState === HANDSHAKE_UNINIT && bytes[0] !== RTMP_VERSION) {
      throw new RtmpProtocolError(
        'not-rtmp',
        `the first byte is ${bytes[0]}, RTMP begins with ${RTMP_VERSION}`,
      );
    }
    nms.parserData(bytes);
    if (nms.handshakeState === HANDSHAKE_DONE) this.#handshake = null;
  }
}
