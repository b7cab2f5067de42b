/** Writes bits of a NAL unit, most significant first. */
class BitWriter {
  #bits = '';

  bits(value: number, count: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }

  /** Exp-Golomb, unsigned: H.264 9.1. */
  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += '0'.repeat(code.length - 1) + code;
    return this;
  }

  /** With the stop bit and zeros up to a whole byte: H.264 7.3.2.11. */
  bytes(): Buffer {
    const bits = `${this.#bits}1`;
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
    return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  }
}

/** A picture parameter set without anything special: H.264 7.3.2.2. */
const PPS = Buffer.from([0x68, 0xce, 0x3c, 0x80]);
const MACROBLOCK = 16;

/** An AVCDecoderConfigurationRecord (ISO 14496-15 5.2.4.1): baseline, one SPS and one PPS. Sizes are multiples of 16. */
export function avcConfig(width: number, height: number): Buffer {
  const sps = new BitWriter()
    // Baseline profile, level 3.0.
    .bits(0x67, 8)
    .bits(0x42c01e, 24)
    // Set 0, four bits of frame_num, output in decoding order, one reference frame, no gaps.
    .ue(0)
    .ue(0)
    .ue(2)
    .ue(1)
    .bits(0, 1)
    .ue(width / MACROBLOCK - 1)
    .ue(height / MACROBLOCK - 1)
    // Whole frames, direct_8x8_inference, no cropping, no VUI.
    .bits(0b1100, 4)
    .bytes();
  const lengthOf = ({ length }: Buffer): number[] => [length >> 8, length & 0xff];
  return Buffer.from([
    ...[1, 0x42, 0xc0, 0x1e, 0xff, 0xe1],
    ...lengthOf(sps),
    ...sps,
    ...[1, ...lengthOf(PPS)],
    ...PPS,
  ]);
}
