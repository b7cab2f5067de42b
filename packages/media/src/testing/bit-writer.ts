/** Writes bits as parameter sets have them, so that a test can make any. */
export class BitWriter {
  #bits = '';

  bits(count: number, value = 0): this {
    if (count > 0) this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }

  /** Exp-Golomb, unsigned: H.264 9.1. */
  ue(value: number): this {
    const text = (value + 1).toString(2);
    return this.bits(text.length - 1).bits(text.length, value + 1);
  }

  se(value: number): this {
    return this.ue(value > 0 ? value * 2 - 1 : -value * 2);
  }

  /** Just these, filled up with zeros. */
  bytes(): Buffer {
    const text = this.#bits.match(/.{1,8}/g) ?? [];
    return Buffer.from(text.map((bits) => Number.parseInt(bits.padEnd(8, '0'), 2)));
  }

  /** With the trailing bits, and each 0 0 0-3 escaped (H.264 7.3.1). */
  nal(): Buffer {
    const bits = `${this.#bits}1`;
    const bytes: number[] = [];
    for (let at = 0; at < bits.length; at += 8) {
      const byte = Number.parseInt(bits.slice(at, at + 8).padEnd(8, '0'), 2);
      if (byte <= 3 && bytes.at(-1) === 0 && bytes.at(-2) === 0) bytes.push(3);
      bytes.push(byte);
    }
    return Buffer.from(bytes);
  }
}
