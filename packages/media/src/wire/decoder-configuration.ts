/** A codec as a tag tells it: FLV's number, or Enhanced RTMP's fourcc. */
export type Codec = number | string;

/** A parameter set out of a decoder configuration. */
export interface ParameterSet {
  readonly type: number;
  readonly nal: Buffer;
}

type Check = (record: Buffer) => boolean;

const AVC = { sps: 7, pps: 8 } as const;
const HEVC = { sps: 33, pps: 34 } as const;
const OPUS_HEAD = Buffer.from('OpusHead');
const FLAC_MARKER = Buffer.from('fLaC');
const STREAMINFO_BYTES = 34;

const CHECKS = {
  video: new Map<Codec, Check>([
    [7, isAvc],
    ['avc1', isAvc],
    [12, isHevc],
    ['hvc1', isHevc],
    ['av01', isAv1],
    ['vp08', isVp],
    ['vp09', isVp],
  ]),
  audio: new Map<Codec, Check>([
    [10, isAac],
    ['mp4a', isAac],
    ['Opus', isOpus],
    ['fLaC', isFlac],
  ]),
} as const;

/**
 * Whether a sequence header's body is a whole decoder configuration of its codec. Strict in structure, since a decoder
 * fails at a cut one; of codecs that are not known here, anything that is not empty.
 */
export function isDecoderConfiguration(kind: 'audio' | 'video', codec: Codec, body: Buffer): boolean {
  return CHECKS[kind].get(codec)?.(body) ?? body.length > 0;
}

/**
 * How many bytes of length stand before each NAL unit of a frame; null where the codec has no NAL units. `body` must be
 * a decoder configuration.
 */
export function nalLengthBytes(codec: Codec, body: Buffer): number | null {
  if (codec === 7 || codec === 'avc1') return ((body[4] ?? 3) & 3) + 1;
  if (codec === 12 || codec === 'hvc1') return ((body[21] ?? 3) & 3) + 1;
  return null;
}

/** AVCDecoderConfigurationRecord, ISO 14496-15 5.3.3.1. What may follow the parameter sets is not looked at. */
function isAvc(record: Buffer): boolean {
  if (record[0] !== 1) return false;
  const afterSps = skipAvcSets(record, 6, (record[5] ?? 0) & 0x1f, AVC.sps);
  if (afterSps === null) return false;
  const ppsCount = record[afterSps];
  return ppsCount !== undefined && skipAvcSets(record, afterSps + 1, ppsCount, AVC.pps) !== null;
}

/** Where so many sets of this type end; null where there are none, or not so many whole ones. */
function skipAvcSets(record: Buffer, from: number, count: number, type: number): number | null {
  if (count === 0) return null;
  let at = from;
  for (let i = 0; i < count; i += 1) {
    if (at + 2 > record.length) return null;
    const length = record.readUInt16BE(at);
    const first = record[at + 2] ?? 0;
    at += 2 + length;
    if (length < 2 || at > record.length || (first & 0x1f) !== type) return null;
  }
  return at;
}

/** HEVCDecoderConfigurationRecord, ISO 14496-15 8.3.3.1. Encoders of before the standard wrote version 0. */
function isHevc(record: Buffer): boolean {
  const sets = hevcParameterSets(record);
  return sets !== null && [HEVC.sps, HEVC.pps].every((needed) => sets.some(({ type }) => type === needed));
}

/** All parameter sets of an HEVCDecoderConfigurationRecord; null where it is none. */
export function hevcParameterSets(record: Buffer): ParameterSet[] | null {
  const arrays = record[22];
  if (arrays === undefined || (record[0] ?? 2) > 1) return null;
  const sets: ParameterSet[] = [];
  let at = 23;
  for (let i = 0; i < arrays; i += 1) {
    if (at + 3 > record.length) return null;
    const type = (record[at] ?? 0) & 0x3f;
    const count = record.readUInt16BE(at + 1);
    at += 3;
    for (let k = 0; k < count; k += 1) {
      if (at + 2 > record.length) return null;
      const end = at + 2 + record.readUInt16BE(at);
      if (end < at + 4 || end > record.length) return null;
      sets.push({ type, nal: record.subarray(at + 2, end) });
      at = end;
    }
  }
  return sets;
}

/** AV1CodecConfigurationRecord: marker and version 1, then three bytes of flags. */
function isAv1(record: Buffer): boolean {
  return record.length >= 4 && record[0] === 0x81;
}

/** VPCodecConfigurationRecord of 8 bytes; ffmpeg writes the version and flags of its MP4 box before it. */
function isVp(record: Buffer): boolean {
  return record.length >= 8;
}

/** The first fields of an AudioSpecificConfig, ISO 14496-3 1.6.2.1. */
function isAac(config: Buffer): boolean {
  if (config.length < 2) return false;
  const bits = config.readUInt16BE(0);
  const objectType = bits >> 11;
  // 31 says that six more bits have the type.
  const rateIndex = (objectType === 31 ? bits >> 1 : bits >> 7) & 0x0f;
  if (objectType === 0 || rateIndex === 13 || rateIndex === 14) return false;
  // 15: the rate itself follows, 24 bits.
  return rateIndex !== 15 || config.length >= 5;
}

/** RFC 7845 5.1. */
function isOpus(head: Buffer): boolean {
  return head.length >= 19 && head.subarray(0, 8).equals(OPUS_HEAD) && (head[9] ?? 0) > 0;
}

/** STREAMINFO, with or without the marker and the block's header before it (RFC 9639 8.2). */
function isFlac(body: Buffer): boolean {
  const hasMarker = body.subarray(0, 4).equals(FLAC_MARKER);
  const block = hasMarker ? body.subarray(4) : body;
  if (!hasMarker && block.length === STREAMINFO_BYTES) return true;
  return block.length >= 4 + STREAMINFO_BYTES && ((block[0] ?? 0) & 0x7f) === 0;
}
