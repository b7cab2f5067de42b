import type { Frame } from '../frame.js';
import { chunkMessage, OUT_CHUNK_BYTES } from '../rtmp/chunk-writer.js';
import { flvTag } from './flv-tag.js';

/** The wire forms that players take: RTMP chunks, or FLV tags (over HTTP and WebSocket alike). */
export type WireFormat = 'rtmp' | 'flv';

/** Chunk streams that media goes out on; any not used by control (2) and commands (3) would do. */
const CHUNK_STREAM = { audio: 4, data: 5, video: 6 } as const;
const RTMP_TYPE = { audio: 8, video: 9, data: 18 } as const;
/** The message stream that `createStream` answers with; the only one a session has. */
export const MEDIA_STREAM_ID = 1;

/**
 * A frame on a stream's own timeline, with its wire forms. Each form is made when the first player needs it and then
 * shared by all, so nothing is built for a protocol that nobody plays.
 */
export class MediaPacket implements Frame {
  readonly kind: Frame['kind'];
  readonly timestampMs: number;
  readonly payload: Buffer;
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  #rtmp: Buffer | undefined;
  #flv: Buffer | undefined;

  /** `timestampMs` replaces the frame's own: it is on the stream's timeline, 32 bits unsigned. */
  constructor(frame: Frame, timestampMs: number) {
    this.kind = frame.kind;
    this.timestampMs = timestampMs;
    this.payload = frame.payload;
    this.isHeader = frame.isHeader;
    this.isKeyframe = frame.isKeyframe;
  }

  /** The bytes to send, shared: never write into them. */
  wire(format: WireFormat): Buffer {
    return format === 'rtmp' ? this.rtmp : this.flv;
  }

  get rtmp(): Buffer {
    this.#rtmp ??= chunkMessage(
      {
        chunkStream: CHUNK_STREAM[this.kind],
        type: RTMP_TYPE[this.kind],
        timestampMs: this.timestampMs,
        streamId: MEDIA_STREAM_ID,
        payload: this.payload,
      },
      OUT_CHUNK_BYTES,
    );
    return this.#rtmp;
  }

  get flv(): Buffer {
    this.#flv ??= flvTag(this.kind, this.timestampMs, this.payload);
    return this.#flv;
  }
}
