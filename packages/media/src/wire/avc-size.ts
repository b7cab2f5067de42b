/** Reads bits of a NAL unit whose emulation prevention bytes are out. Past the end is an error. */
class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError('the parameter set ends early');
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  isSet(): boolean {
    return this.bits(1) === 1;
  }

  /** Exp-Golomb, unsigned: H.264 9.1. */
  ue(): number {
    let zeros = 0;
    while (!this.isSet()) {
      zeros += 1;
      if (zeros > 32) throw new RangeError('a number too large');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  se(): number {
    const code = this.ue();
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
  }
}

/** Profiles whose sequence parameter set tells of chroma and scaling (H.264 7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** H.264 7.4.2.1.1: `num_ref_frames_in_pic_order_cnt_cycle`. */
const ORDER_CYCLE_MAX = 255;
/** Where the first sequence parameter set's length stands in an AVCDecoderConfigurationRecord (ISO 14496-15 5.2.4.1). */
const SPS_LENGTH_AT = 6;

/**
 * Width and height told by an AVCDecoderConfigurationRecord. Null where it tells none: nothing depends on it but what
 * people see. node-media-server's reader is not used, as a hostile set can keep it in a loop for minutes.
 */
export function avcSize(record: Buffer): { readonly width: number; readonly height: number } | null {
  try {
    const length = record.readUInt16BE(SPS_LENGTH_AT);
    return readSps(record.subarray(SPS_LENGTH_AT + 2, SPS_LENGTH_AT + 2 + length));
  } catch {
    return null;
  }
}

function readSps(nal: Buffer): { readonly width: number; readonly height: number } | null {
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
  const crop = reader.isSet() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
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
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i += 1) {
    if (next !== 0) next = (last + reader.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function isSane(length: number): boolean {
  return length > 0 && length <= 16_384;
}

/** Without the 3 of each 0 0 3 (H.264 7.4.1). */
function withoutEmulation(nal: Buffer): Buffer {
  return Buffer.from(
    nal.filter((byte, at) => !(byte === 3 && at >= 2 && nal[at - 1] === 0 && nal[at - 2] === 0)),
  );
}
