import type { FrameSize } from './avc-size.js';
import { BitReader, withoutEmulation } from './bit-reader.js';
import { hevcParameterSets } from './decoder-configuration.js';

const NAL_SPS = 33;
const SIDE_MAX = 16_384;

/** Width and height told by an HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1). Null where it tells none. */
export function hevcSize(record: Buffer): FrameSize | null {
  const sps = hevcParameterSets(record)?.find(({ type }) => type === NAL_SPS);
  if (sps === undefined) return null;
  try {
    return readSps(sps.nal);
  } catch (error) {
    // Stryker disable next-line ConditionalExpression: what else is thrown is a fault of ours.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** H.265 7.3.2.2.1, as far as the conformance window. */
function readSps(nal: Buffer): FrameSize | null {
  const reader = new BitReader(withoutEmulation(nal));
  reader.bits(16);
  reader.bits(4);
  const subLayers = reader.bits(3);
  reader.bits(1);
  skipProfile(reader, subLayers);
  reader.ue();
  const chroma = reader.ue();
  if (chroma === 3) reader.bits(1);
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  const [left, right, top, bottom] = reader.isSet()
    ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()]
    : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = chroma === 1 ? 2 : 1;
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  return isSane(width) && isSane(height) ? { width, height } : null;
}

/** profile_tier_level, H.265 7.3.3. */
function skipProfile(reader: BitReader, subLayers: number): void {
  reader.bits(88);
  reader.bits(8);
  const present: { readonly profile: boolean; readonly level: boolean }[] = [];
  for (let i = 0; i < subLayers; i += 1) present.push({ profile: reader.isSet(), level: reader.isSet() });
  if (subLayers > 0) for (let i = subLayers; i < 8; i += 1) reader.bits(2);
  for (const { profile, level } of present) {
    if (profile) reader.bits(88);
    if (level) reader.bits(8);
  }
}

const isSane = (length: number): boolean => length > 0 && length <= SIDE_MAX;
