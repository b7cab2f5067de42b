import type { Frame } from './frame.js';

/** Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader. */
const VIDEO_EX_HEADER = 0x80;
const SOUND_FORMAT_EX_HEADER = 9;
const SOUND_FORMAT_AAC = 10;
/** Codecs with an AVCPacketType byte (FLV 10.1 E.4.3.1): AVC, and HEVC as it was sent before Enhanced RTMP. */
const CODECS_WITH_PACKET_TYPE = new Set([7, 12]);
const MULTITRACK = { video: 6, audio: 5 } as const;
const MOD_EX = 7;
/** A size byte of 255 says that two bytes with the size follow. */
const MOD_EX_SIZE_LONG = 256;
const ONE_TRACK = 0;
const FRAME_TYPE_KEY = 1;
const FRAME_TYPE_COMMAND = 5;
const FOURCC_BYTES = 4;

/** The same numbers in AVCPacketType, AACPacketType and Enhanced RTMP. */
export const PACKET = { sequenceStart: 0, coded: 1, sequenceEnd: 2 } as const;
/** Of Enhanced RTMP alone: colour information, and headers in other forms. */
const HEADER_TYPES = {
  video: new Set<number>([PACKET.sequenceStart, 4, 5]),
  audio: new Set<number>([PACKET.sequenceStart, 4]),
} as const;

/** What stands before the codec's own bytes in an audio or video message. */
export interface MediaTag {
  /** A header that each new player needs, and no picture or sound. */
  readonly isHeader: boolean;
  readonly isKeyframe: boolean;
  /** The codec's stream ends here; players stop at it. */
  readonly isSequenceEnd: boolean;
  /** Enhanced RTMP's code of the codec; of the first track, where there are several. */
  readonly fourcc?: string;
  /** Present in a multitrack message: the first track's. */
  readonly trackId?: number;
  readonly packetType: number;
  /** Where the codec's bytes begin. */
  readonly bodyAt: number;
}

const UNKNOWN: MediaTag = {
  isHeader: false,
  isKeyframe: false,
  isSequenceEnd: false,
  packetType: PACKET.coded,
  bodyAt: 0,
};

/** Reads a tag's header as far as it goes; what is cut or unknown is an ordinary packet. */
export function readMediaTag(kind: Exclude<Frame['kind'], 'data'>, payload: Buffer): MediaTag {
  const first = payload[0];
  if (first === undefined) return UNKNOWN;
  if (kind === 'video') {
    const isKey = ((first >> 4) & 0x07) === FRAME_TYPE_KEY;
    if ((first & VIDEO_EX_HEADER) !== 0) return readEnhanced(kind, payload, isKey) ?? UNKNOWN;
    const type = CODECS_WITH_PACKET_TYPE.has(first & 0x0f) ? payload[1] : undefined;
    return plain(type, isKey, type === undefined ? 1 : 5);
  }
  const format = first >> 4;
  if (format === SOUND_FORMAT_EX_HEADER) return readEnhanced(kind, payload, false) ?? UNKNOWN;
  return format === SOUND_FORMAT_AAC ? plain(payload[1], false, 2) : plain(undefined, false, 1);
}

function plain(packetType: number | undefined, isKey: boolean, bodyAt: number): MediaTag {
  const isHeader = packetType === PACKET.sequenceStart;
  const isSequenceEnd = packetType === PACKET.sequenceEnd;
  return {
    isHeader,
    isSequenceEnd,
    isKeyframe: isKey && !isHeader && !isSequenceEnd,
    packetType: packetType ?? PACKET.coded,
    bodyAt,
  };
}

/** Null where the bytes end before the header does. */
function readEnhanced(kind: 'audio' | 'video', payload: Buffer, isKey: boolean): MediaTag | null {
  const first = payload[0] ?? 0;
  const afterModEx = skipModEx(payload, first & 0x0f);
  if (afterModEx === null) return null;
  let { type, at } = afterModEx;
  const isCommand = kind === 'video' && ((first >> 4) & 0x07) === FRAME_TYPE_COMMAND;
  if (isCommand && type !== 4) return { ...UNKNOWN, bodyAt: at };
  const isMultitrack = type === MULTITRACK[kind];
  let trackType = ONE_TRACK;
  if (isMultitrack) {
    const tracks = payload[at];
    if (tracks === undefined) return null;
    trackType = tracks >> 4;
    type = tracks & 0x0f;
    at += 1;
  }
  if (at + FOURCC_BYTES > payload.length) return null;
  const fourcc = payload.toString('latin1', at, at + FOURCC_BYTES);
  at += FOURCC_BYTES;
  const trackId = isMultitrack ? payload[at] : undefined;
  // The track's id, and its size where more than one follow; with several codecs each has its fourcc before.
  if (isMultitrack) at += trackType === ONE_TRACK ? 1 : 4;
  const isHeader = HEADER_TYPES[kind].has(type);
  const isSequenceEnd = type === PACKET.sequenceEnd;
  return {
    isHeader,
    isSequenceEnd,
    isKeyframe: isKey && !isHeader && !isSequenceEnd,
    fourcc,
    ...(trackId === undefined ? {} : { trackId }),
    packetType: type,
    bodyAt: at,
  };
}

/** ModEx (v2, "ModEx signal"): parcels of size, data, and the type of what follows, one after the other. */
function skipModEx(payload: Buffer, first: number): { readonly type: number; readonly at: number } | null {
  let type = first;
  let at = 1;
  while (type === MOD_EX) {
    let size = (payload[at] ?? 0) + 1;
    at += 1;
    if (size === MOD_EX_SIZE_LONG) {
      if (at + 2 > payload.length) return null;
      size = payload.readUInt16BE(at) + 1;
      at += 2;
    }
    at += size;
    const next = payload[at];
    if (next === undefined) return null;
    type = next & 0x0f;
    at += 1;
  }
  return { type, at };
}
