import type { Frame } from '../frame.js';

/** Enhanced RTMP v2: the first bit of a video tag says that a fourcc follows; the low nibble is the packet type. */
const VIDEO_EX_HEADER = 0x80;
const SOUND_FORMAT_EX_HEADER = 9;
const SOUND_FORMAT_AAC = 10;
/** Codecs with an AVCPacketType byte (FLV 10.1 E.4.3.1): AVC, and HEVC as it was sent before Enhanced RTMP. */
const CODECS_WITH_PACKET_TYPE = new Set([7, 12]);
const SEQUENCE_START = 0;
/** The same number in AVCPacketType and in Enhanced RTMP. */
const SEQUENCE_END = 2;
const METADATA = 4;
const MPEG2TS_SEQUENCE_START = 5;
const MULTITRACK = 6;
const MULTICHANNEL_CONFIG = 4;
const AUDIO_MULTITRACK = 5;
const FRAME_TYPE_KEY = 1;

/**
 * A frame of one message or FLV tag; the payload is kept as it is, so the caller gives it away. What cannot be
 * recognised passes as an ordinary frame.
 */
export function makeFrame(kind: Frame['kind'], timestampMs: number, bytes: Buffer): Frame {
  const payload = kind === 'data' ? withoutSetDataFrame(bytes) : bytes;
  const isHeader =
    kind === 'video'
      ? isVideoHeader(payload)
      : kind === 'audio'
        ? isAudioHeader(payload)
        : isMetadata(payload);
  return {
    kind,
    timestampMs: timestampMs >>> 0,
    payload,
    isHeader,
    isKeyframe: kind === 'video' && !isHeader && isVideoKeyframe(payload),
  };
}

function isVideoHeader(payload: Buffer): boolean {
  const first = payload[0];
  if (first === undefined) return false;
  if ((first & VIDEO_EX_HEADER) === 0) return CODECS_WITH_PACKET_TYPE.has(first & 0x0f) && payload[1] === 0;
  const type = first & 0x0f;
  if (type === MULTITRACK) return ((payload[1] ?? 0) & 0x0f) === SEQUENCE_START;
  return type === SEQUENCE_START || type === METADATA || type === MPEG2TS_SEQUENCE_START;
}

function isVideoKeyframe(payload: Buffer): boolean {
  const first = payload[0];
  if (first === undefined || ((first >> 4) & 0x07) !== FRAME_TYPE_KEY) return false;
  if ((first & VIDEO_EX_HEADER) !== 0) return (first & 0x0f) !== SEQUENCE_END;
  return !CODECS_WITH_PACKET_TYPE.has(first & 0x0f) || payload[1] !== SEQUENCE_END;
}

function isAudioHeader(payload: Buffer): boolean {
  const first = payload[0];
  if (first === undefined) return false;
  const format = first >> 4;
  if (format === SOUND_FORMAT_AAC) return payload[1] === 0;
  if (format !== SOUND_FORMAT_EX_HEADER) return false;
  const type = first & 0x0f;
  if (type === AUDIO_MULTITRACK) return ((payload[1] ?? 0) & 0x0f) === SEQUENCE_START;
  return type === SEQUENCE_START || type === MULTICHANNEL_CONFIG;
}

/** Publishers wrap metadata in a call that asks the server to keep it; players get what is inside. */
const SET_DATA_FRAME = Buffer.from([0x02, 0x00, 0x0d, ...Buffer.from('@setDataFrame')]);

function withoutSetDataFrame(payload: Buffer): Buffer {
  const isWrapped = payload.subarray(0, SET_DATA_FRAME.length).equals(SET_DATA_FRAME);
  return isWrapped ? payload.subarray(SET_DATA_FRAME.length) : payload;
}

/**
 * Which header a header replaces: one of each kind, type and track is kept. Frames that are no header have none.
 */
export function headerSlot(frame: Frame): string {
  if (frame.kind === 'data') return 'data';
  const first = frame.payload[0] ?? 0;
  const isEx =
    frame.kind === 'video' ? (first & VIDEO_EX_HEADER) !== 0 : first >> 4 === SOUND_FORMAT_EX_HEADER;
  const type = isEx ? first & 0x0f : SEQUENCE_START;
  const isMultitrack = isEx && type === (frame.kind === 'video' ? MULTITRACK : AUDIO_MULTITRACK);
  // One track of its own fourcc: multitrack byte, fourcc, track id (Enhanced RTMP v2, ExVideoTagHeader).
  return isMultitrack ? `${frame.kind} track ${frame.payload[6] ?? 0}` : `${frame.kind} ${type}`;
}

/** `onMetaData` as an AMF0 string: the only data message that each new player needs. */
const ON_METADATA = Buffer.from([0x02, 0x00, 0x0a, ...Buffer.from('onMetaData')]);

function isMetadata(payload: Buffer): boolean {
  return payload.subarray(0, ON_METADATA.length).equals(ON_METADATA);
}
