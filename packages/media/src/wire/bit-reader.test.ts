import { describe, expect, it } from 'vitest';
import { BitWriter } from '../testing/bit-writer.js';
import { BitReader, withoutEmulation } from './bit-reader.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('BitReader', () => {
  it('reads bits from the first of each byte on, also over bytes', () => {
    const reader = new BitReader(hex('a5 0f 80'));
    expect([reader.bits(1), reader.bits(3), reader.bits(8), reader.bits(0)]).toEqual([1, 2, 0x50, 0]);
    expect([reader.bits(4), reader.isSet(), reader.isSet()]).toEqual([15, true, false]);
    expect(new BitReader(hex('ffffffff ff')).bits(40)).toBe(2 ** 40 - 1);
  });

  it('reads numbers of variable length, signed and not', () => {
    const values = [0, 1, 2, 3, 6, 7, 254, 255, 65_534, 2 ** 32 - 2];
    const writer = new BitWriter();
    for (const value of values) writer.ue(value);
    const reader = new BitReader(withoutEmulation(writer.nal()));
    expect(values.map(() => reader.ue())).toEqual(values);
    const signed = [0, 1, -1, 2, -2, 127, -128, 32_767];
    const other = new BitWriter();
    for (const value of signed) other.se(value);
    const back = new BitReader(withoutEmulation(other.nal()));
    expect(signed.map(() => back.se() + 0)).toEqual(signed);
  });

  it('says where it ends early, and takes no number over 33 bits', () => {
    expect(() => new BitReader(hex('ff')).bits(9)).toThrow(new RangeError('the parameter set ends early'));
    expect(() => new BitReader(hex('')).isSet()).toThrow(RangeError);
    expect(() => new BitReader(hex('00000000 00')).ue()).toThrow(new RangeError('a number too large'));
    expect(new BitReader(hex('00000000 80000000 00')).ue()).toBe(2 ** 32 - 1);
    expect(() => new BitReader(hex('00000000 40000000 00')).ue()).toThrow(RangeError);
  });
});

describe('withoutEmulation', () => {
  it.each([
    ['000003', '0000'],
    ['00000301', '000001'],
    ['0000030000 03', '00000000'],
    ['000103', '000103'],
    ['010003', '010003'],
    ['0003', '0003'],
    ['03', '03'],
    ['000004', '000004'],
    ['0000000003', '00000000'],
    ['67 0000 03 0000 03 01', '67 0000 0000 01'],
  ])('of %s is %s', (nal, bytes) => {
    expect(withoutEmulation(hex(nal)).toString('hex')).toBe(hex(bytes).toString('hex'));
  });
});
