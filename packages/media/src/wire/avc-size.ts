import { BitReader, withoutEmulation } from './bit-reader.js';

/** Profiles whose sequence parameter set tells of chroma and scaling (H.264 7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** H.264 7.4.2.1.1: `num_ref_frames_in_pic_order_cnt_cycle`. */
const ORDER_CYCLE_MAX = 255;
/** Where the first sequence parameter set's length stands in an AVCDecoderConfigurationRecord (ISO 14496-15 5.2.4.1). */
const SPS_LENGTH_AT = 6;

/** Of a picture, pixels. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Width and height told by an AVCDecoderConfigurationRecord. Null where it tells none: nothing depends on it but what
 * people see. node-media-server's reader is not used, as a hostile set can keep it in a loop for minutes.
 */
export function avcSize(record: Buffer): FrameSize | null {
  try {
    const length = record.readUInt16BE(SPS_LENGTH_AT);
    return readSps(record.subarray(SPS_LENGTH_AT + 2, SPS_LENGTH_AT + 2 + length));
  } catch (error) {
    // Stryker disable next-line ConditionalExpression: what else is thrown is a fault of ours.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readSps(nal: Buffer): FrameSize | null {
  const reader = new BitReader(withoutEmulation(nal));
  reader.bits(8);
  const profile = reader.bits(8);
  reader.bits(16);
  reader.ue();
  const chroma = HIGH_PROFILES.has(profile) ? readChroma(reader) : 1;
  reader.ue();
  const orderType = reader.ue();
  if (orderType === 0) reader.ue();
  else if (orderType === 1) {
    reader.bits(1);
    reader.se();
    reader.se();
    const cycle = reader.ue();
    if (cycle > ORDER_CYCLE_MAX) return null;
    for (let i = 0; i < cycle; i += 1) reader.se();
  }
  reader.ue();
  reader.bits(1);
  const widthInMacroblocks = reader.ue() + 1;
  const heightInUnits = reader.ue() + 1;
  const fieldsPerUnit = reader.isSet() ? 1 : 2;
  if (fieldsPerUnit === 2) reader.bits(1);
  reader.bits(1);
  const [left, right, top, bottom] = reader.isSet()
    ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()]
    : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * fieldsPerUnit;
  const width = widthInMacroblocks * 16 - unitX * (left + right);
  const height = heightInUnits * 16 * fieldsPerUnit - unitY * (top + bottom);
  return isSane(width) && isSane(height) ? { width, height } : null;
}

function readChroma(reader: BitReader): number {
  const chroma = reader.ue();
  if (chroma === 3) reader.bits(1);
  reader.ue();
  reader.ue();
  reader.bits(1);
  if (!reader.isSet()) return chroma;
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1) {
    if (reader.isSet()) skipScalingList(reader, list < 6 ? 16 : 64);
  }
  return chroma;
}

/** H.264 7.3.2.1.1.1. */
function skipScalingList(reader: BitReader, size: number): void {
  let scale = 8;
  for (let i = 0; i < size && scale !== 0; i += 1) scale = (scale + reader.se() + 256) % 256;
}

function isSane(length: number): boolean {
  return length > 0 && length <= 16_384;
}
