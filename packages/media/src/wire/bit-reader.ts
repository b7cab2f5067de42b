/** Reads bits of a NAL unit whose emulation prevention bytes are out. Past the end is an error. */
export class BitReader {
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

/** Without the 3 of each 0 0 3 (H.264 7.4.1, H.265 7.4.2). */
export function withoutEmulation(nal: Buffer): Buffer {
  return Buffer.from(
    nal.filter((byte, at) => !(byte === 3 && at >= 2 && nal[at - 1] === 0 && nal[at - 2] === 0)),
  );
}
