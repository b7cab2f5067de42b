/** RTMP 1.0, sections 5.4, 6.2 and 7.1. */
export const MESSAGE_TYPE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  data: 18,
  command: 20,
  aggregate: 22,
} as const;

/** User control events, RTMP 1.0, 7.1.7. */
export const USER_EVENT = { streamBegin: 0, streamEof: 1, pingRequest: 6, pingResponse: 7 } as const;

/** Chunk stream of protocol control messages, and the ones SRS answers on. */
export const CHUNK_STREAM = { control: 2, command: 3, stream: 5 } as const;

/** Chunk streams that we send media on; any not used by control and commands would do. */
export const MEDIA_CHUNK_STREAM = { audio: 4, data: 5, video: 6 } as const;

/** The acknowledgement window that SRS and librtmp announce, bytes; it holds until the peer tells its own. */
export const WINDOW_ACK_BYTES = 2_500_000;

/**
 * One message as it came in. Nothing else is written to the payload's memory, so who takes the message may keep it; for longer
 * than what comes after it, better as a copy (`ownCopy`).
 */
export interface InMessage {
  readonly type: number;
  /** 32 bits unsigned. */
  readonly timestampMs: number;
  readonly streamId: number;
  readonly payload: Buffer;
}
