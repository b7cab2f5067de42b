import { AUDIO_FOURCCS, VIDEO_FOURCCS } from './codec-names.js';
import type { Codec } from './decoder-configuration.js';
import type { Frame } from './frame.js';

/** Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader. */
const VIDEO_EX_HEADER = 0x80;
const SOUND_FORMAT_EX_HEADER = 9;
const SOUND_FORMAT_AAC = 10;
/** Codecs with an AVCPacketType byte (FLV 10.1 E.4.3.1): AVC, and HEVC as it was sent before Enhanced RTMP. */
const CODECS_WITH_PACKET_TYPE = new Set([7, 12]);
/** PacketTypes that say that tracks follow. */
export const MULTITRACK = { video: 6, audio: 5 } as const;
const MOD_EX = 7;
/** A size byte of 255 says that two bytes with the size follow. */
const MOD_EX_SIZE_LONG = 256;
/** AvMultitrackType. */
export const MULTITRACK_TYPE = { oneTrack: 0, manyTracks: 1, manyTracksManyCodecs: 2 } as const;
const FRAME_TYPE_KEY = 1;
const FRAME_TYPE_COMMAND = 5;
const FOURCC_BYTES = 4;

/** The same numbers in AVCPacketType, AACPacketType and Enhanced RTMP; the last of Enhanced RTMP's video alone. */
export const PACKET = { sequenceStart: 0, coded: 1, sequenceEnd: 2, codedWithoutOffset: 3 } as const;
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
  /** A word to a client that seeks in a file (frame type 5); no picture and no header, whatever byte follows. */
  readonly isCommand: boolean;
  /** A picture or sound, of a packet type that is known. */
  readonly isCoded: boolean;
  /** Absent where the tag is cut. */
  readonly codec?: Codec;
  /** Enhanced RTMP's code of the codec; of the first track, where there are several. */
  readonly fourcc?: string;
  /** Present in a multitrack message: the first track's. */
  readonly trackId?: number;
  /** Present in a multitrack message: how its tracks are laid out, `MULTITRACK_TYPE`. */
  readonly multitrackType?: number;
  readonly packetType: number;
  /** Where the codec's bytes begin. */
  readonly bodyAt: number;
}

const UNKNOWN: MediaTag = {
  isHeader: false,
  isKeyframe: false,
  isSequenceEnd: false,
  isCommand: false,
  isCoded: false,
  packetType: PACKET.coded,
  bodyAt: 0,
};

/**
 * Whether players have nothing to show of a tag that was read from these bytes: it is cut, ends with its header, is a word
 * to who seeks in a file, or says that the codec's stream is over.
 */
export function isEmptyTag(tag: MediaTag, payload: Buffer): boolean {
  if (tag.codec === undefined || tag.isCommand || tag.isSequenceEnd) return true;
  return tag.isCoded && payload.length <= tag.bodyAt;
}

/** Reads a tag's header as far as it goes; what is cut or unknown is an ordinary packet. */
export function readMediaTag(kind: Exclude<Frame['kind'], 'data'>, payload: Buffer): MediaTag {
  const first = payload[0];
  if (first === undefined) return UNKNOWN;
  if (kind === 'video') {
    if ((first & VIDEO_EX_HEADER) !== 0) return readEnhanced(kind, payload, frameTypeOf(first)) ?? UNKNOWN;
    const codec = first & 0x0f;
    return plain(codec, frameTypeOf(first), CODECS_WITH_PACKET_TYPE.has(codec) ? payload[1] : undefined, 5);
  }
  const format = first >> 4;
  if (format === SOUND_FORMAT_EX_HEADER) return readEnhanced(kind, payload, 0) ?? UNKNOWN;
  return plain(format, 0, format === SOUND_FORMAT_AAC ? payload[1] : undefined, 2);
}

const frameTypeOf = (first: number): number => (first >> 4) & 0x07;

/** There are few different ones, and one comes with every frame. */
const PLAIN = new Map<number, MediaTag>();

function plain(
  codec: number,
  frameType: number,
  packetType: number | undefined,
  bodyAtOfTyped: number,
): MediaTag {
  const key = (((packetType ?? 256) * 16 + codec) * 8 + frameType) * 8 + bodyAtOfTyped;
  const known = PLAIN.get(key);
  // Stryker disable next-line ConditionalExpression: made anew it is the same.
  if (known !== undefined) return known;
  const isCommand = frameType === FRAME_TYPE_COMMAND;
  const isHeader = packetType === PACKET.sequenceStart && !isCommand;
  const isSequenceEnd = packetType === PACKET.sequenceEnd && !isCommand;
  const isCoded = !isCommand && (packetType === undefined || packetType === PACKET.coded);
  const tag: MediaTag = {
    isHeader,
    isSequenceEnd,
    isCommand,
    isCoded,
    isKeyframe: frameType === FRAME_TYPE_KEY && !isHeader && !isSequenceEnd,
    codec,
    packetType: packetType ?? PACKET.coded,
    bodyAt: packetType === undefined ? 1 : bodyAtOfTyped,
  };
  PLAIN.set(key, tag);
  return tag;
}

/** Null where the bytes end before the header does. */
function readEnhanced(kind: 'audio' | 'video', payload: Buffer, frameType: number): MediaTag | null {
  const first = payload[0] ?? 0;
  const afterModEx = skipModEx(payload, first & 0x0f);
  if (afterModEx === null) return null;
  let { type, at } = afterModEx;
  if (frameType === FRAME_TYPE_COMMAND && type !== 4) return { ...UNKNOWN, isCommand: true, bodyAt: at };
  const isMultitrack = type === MULTITRACK[kind];
  let trackType: number = MULTITRACK_TYPE.oneTrack;
  if (isMultitrack) {
    const tracks = payload[at] ?? 0;
    trackType = tracks >> 4;
    type = tracks & 0x0f;
    at += 1;
  }
  if (at + FOURCC_BYTES > payload.length) return null;
  const fourcc = fourccAt(payload, at);
  at += FOURCC_BYTES;
  const trackId = isMultitrack ? payload[at] : undefined;
  // The track's id, and its size where more than one follow; with several codecs each has its fourcc before.
  if (isMultitrack) at += trackType === MULTITRACK_TYPE.oneTrack ? 1 : 4;
  const isHeader = HEADER_TYPES[kind].has(type);
  const isSequenceEnd = type === PACKET.sequenceEnd;
  return {
    isHeader,
    isSequenceEnd,
    isCommand: false,
    isCoded: type === PACKET.coded || (kind === 'video' && type === PACKET.codedWithoutOffset),
    isKeyframe: frameType === FRAME_TYPE_KEY && !isHeader && !isSequenceEnd,
    codec: fourcc,
    fourcc,
    ...(trackId === undefined ? {} : { trackId, multitrackType: trackType }),
    packetType: type,
    bodyAt: at,
  };
}

const FOURCCS = new Map<number, string>();
// Stryker disable next-line ArrayDeclaration: read anew they are the same.
for (const code of [...Object.keys(VIDEO_FOURCCS), ...Object.keys(AUDIO_FOURCCS)])
  FOURCCS.set(Buffer.from(code).readUInt32BE(0), code);

/** Without a new string for each frame, where the code is known. */
export function fourccAt(payload: Buffer, at: number): string {
  return FOURCCS.get(payload.readUInt32BE(at)) ?? payload.toString('latin1', at, at + FOURCC_BYTES);
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
