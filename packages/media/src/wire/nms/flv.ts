import { MESSAGE_TYPE } from '../rtmp/message.js';
import { INCOMING } from '../slabs.js';
import { lightly, loadNms } from './load-nms.js';

interface NmsPacket {
  readonly codec_type: number;
  readonly dts: number;
  readonly size: number;
  /** The parser's own buffer; `size` bytes of it are the tag's. */
  readonly data: Buffer;
}

/** What this file relies on in node-media-server's `Flv` (pinned 4.4.3); `flv.test.ts` tells what moved. */
interface NmsFlv {
  parserTagType: number;
  parserTagBytes: number;
  parserTagData: Buffer;
  /** Holds the file's or a tag's header until it is whole. */
  parserBuffer: Buffer;
  onPacketCallback: (packet: NmsPacket) => void;
  /** An error's text where a tag's trailing size is wrong. */
  parserData(bytes: Buffer): string | null;
  /** Called with the tag's size before each piece of its body is copied. */
  parserTagAlloc(size: number): void;
}

const newFlv = lightly(loadNms('protocol/flv.js') as new () => NmsFlv);
const FILE_HEADER_BYTES = 13;

/** The bytes are no FLV, or over a limit. `code` is stable, for logs and counters. */
export class FlvError extends Error {
  readonly code: 'flv-signature' | 'flv-tag-type' | 'flv-tag-too-large' | 'flv-tag-size';

  constructor(code: FlvError['code'], message: string) {
    super(message);
    this.name = 'FlvError';
    this.code = code;
  }
}

export interface FlvTag {
  readonly kind: 'audio' | 'video' | 'data';
  /** ms, 32 bits unsigned. */
  readonly timestampMs: number;
  /** Nothing else is written to its memory: who takes the tag may keep it, as with `InMessage`. */
  readonly payload: Buffer;
}

/** Adobe FLV 10.1, E.4.1: RTMP's message types. Recorders of RTMP write its data messages in AMF3 as tags, too. */
const KIND_OF_TYPE: Readonly<Record<number, FlvTag['kind']>> = {
  [MESSAGE_TYPE.audio]: 'audio',
  [MESSAGE_TYPE.video]: 'video',
  [MESSAGE_TYPE.data]: 'data',
  [MESSAGE_TYPE.dataAmf3]: 'data',
};
/**
 * E.2: "FLV", version 1, flags (any), header of 9 bytes, and the size of the tag before the first, 0. Nobody is known
 * to write longer headers.
 */
const HEADER = [0x46, 0x4c, 0x56, 0x01, null, 0, 0, 0, 9, 0, 0, 0, 0] as const;
/** node-media-server's parser looks at a tag's first bytes without asking whether they are there. */
const CAPACITY_BYTES_MIN = 16;
/**
 * node-media-server's FLV parser with what it lacks: the signature is checked, tags are bounded, each has memory of its
 * own, and types other than audio, video and script data are errors (encrypted tags among them). Script data in AMF3 counts where
 * it is AMF0 inside, as is usual; else it is left out.
 */
export class FlvParser {
  readonly #nms = newFlv();
  readonly #onTag: (tag: FlvTag) => void;
  readonly #tagBytesMax: number;
  #headerBytes = 0;

  constructor(tagBytesMax: number, onTag: (tag: FlvTag) => void) {
    this.#tagBytesMax = tagBytesMax;
    this.#onTag = onTag;
    this.#nms.parserTagAlloc = (size) => this.#reserve(size);
    this.#nms.onPacketCallback = (packet) => this.#tag(packet);
    this.#nms.parserTagData = NOTHING;
    this.#nms.parserBuffer = Buffer.alloc(FILE_HEADER_BYTES);
  }

  /** Throws `FlvError`, and whatever `onTag` throws; what follows cannot be parsed after that. */
  feed(bytes: Buffer): void {
    this.#checkHeader(bytes);
    const problem = this.#nms.parserData(bytes);
    if (problem !== null) throw new FlvError('flv-tag-size', "a tag's size and the size after it differ");
  }

  #checkHeader(bytes: Buffer): void {
    for (const byte of bytes.subarray(0, HEADER.length - this.#headerBytes)) {
      const expected = HEADER[this.#headerBytes];
      if (expected !== null && byte !== expected) {
        throw new FlvError('flv-signature', 'the body does not begin with an FLV header of version 1');
      }
      this.#headerBytes += 1;
    }
  }

  #reserve(size: number): void {
    const { parserTagType, parserTagBytes } = this.#nms;
    if (parserTagBytes > 0) return;
    if (KIND_OF_TYPE[parserTagType] === undefined) {
      throw new FlvError('flv-tag-type', `a tag of type ${parserTagType}; 8, 9, 15 and 18 are taken`);
    }
    if (size > this.#tagBytesMax) {
      throw new FlvError(
        'flv-tag-too-large',
        `a tag of ${size} bytes, at most ${this.#tagBytesMax} are taken`,
      );
    }
    // Memory that nothing was written to costs next to nothing, and there is one tag at a time.
    this.#nms.parserTagData = INCOMING.take(Math.max(size, CAPACITY_BYTES_MIN));
  }

  #tag({ codec_type, dts, size, data }: NmsPacket): void {
    const kind = KIND_OF_TYPE[codec_type];
    this.#nms.parserTagData = NOTHING;
    if (kind === undefined) return;
    const isAmf3 = codec_type === MESSAGE_TYPE.dataAmf3;
    // It begins with a byte of format, 0 for what is AMF0 inside.
    if (isAmf3 && (size < 2 || data[0] !== 0)) return;
    this.#onTag({ kind, timestampMs: dts >>> 0, payload: data.subarray(isAmf3 ? 1 : 0, size) });
  }
}

const NOTHING = Buffer.alloc(0);
