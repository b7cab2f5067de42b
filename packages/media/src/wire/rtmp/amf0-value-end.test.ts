import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmfEcmaArray, type AmfValue, encodeAmf0 } from './amf0.js';
import { amf0ValueEnd } from './amf0-value-end.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('amf0ValueEnd', () => {
  const values = fc.letrec<{ value: AmfValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.double(),
      fc.boolean(),
      fc.string(),
      fc.constant('x'.repeat(70_000)),
      fc.constant(null),
      fc.constant(undefined),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4 }),
      fc
        .dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4 })
        .map((of) => new AmfEcmaArray(of)),
    ),
  })).value;

  it('finds the end of every value, whatever follows, and none where it is cut', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ maxLength: 10 }), fc.nat(), (value, rest, at) => {
        const bytes = encodeAmf0(value);
        expect(amf0ValueEnd(Buffer.concat([bytes, rest]), 0)).toBe(bytes.length);
        expect(amf0ValueEnd(Buffer.concat([hex('0505'), bytes]), 2)).toBe(bytes.length + 2);
        expect(amf0ValueEnd(bytes.subarray(0, at % bytes.length), 0)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a date', '0b 4276b8e4a0000000 0000', 11],
    ['a reference', '07 0001', 3],
    ['unsupported', '0d', 1],
    ['an XML document', '0f 00000002 6162', 7],
    ['a typed object', '10 0001 54 0001 61 05 000009', 11],
  ])('knows %s', (_name, bytes, end) => {
    expect(amf0ValueEnd(hex(bytes), 0)).toBe(end);
    expect(amf0ValueEnd(hex(bytes).subarray(0, end - 1), 0)).toBeNull();
  });

  it.each(['04', '09', '0e', '11', 'ff', ''])('is null for type %s', (bytes) => {
    expect(amf0ValueEnd(hex(bytes), 0)).toBeNull();
  });

  it.each([
    ['the length of a string', '02 00'],
    ['the length of a long string', '0c 000000'],
    ['the length of an XML document', '0f 000000'],
    ['the length of a class name', '10 00'],
    ['the count of an array', '0a 000000'],
    ['the count of an ECMA array', '08 0000'],
    ['a name', '03 0005 61'],
    ['the length of a name', '03 00'],
    ['an object that ends without its mark', '03 0001 61 05'],
    ['a typed object after its class name', '10 0001 54'],
    ['the mark of the end', '03 0000'],
    ['an array of fewer values than told', '0a 00000002 05'],
    ['a boolean', '01'],
  ])('is null within %s', (_what, bytes) => {
    expect(amf0ValueEnd(hex(bytes), 0)).toBeNull();
  });

  it.each([
    ['an empty string', '02 0000', 3],
    ['an empty long string', '0c 00000000', 5],
    ['an empty object', '03 000009', 4],
    ['a typed object without class or entries', '10 0000 000009', 6],
    ['an entry without a name', '03 0000 05 000009', 7],
    ['an empty array', '0a 00000000', 5],
    ['null, undefined and unsupported', '05', 1],
    ['undefined', '06', 1],
  ])('ends after %s', (_what, bytes, end) => {
    expect(amf0ValueEnd(hex(bytes), 0)).toBe(end);
    expect(amf0ValueEnd(hex(`ff${bytes.replaceAll(' ', '')}ff`), 1)).toBe(end + 1);
  });

  it('goes 16 levels deep in objects, too', () => {
    const nested = (levels: number): Buffer =>
      hex(`${'03 0001 61'.repeat(levels)} 05 ${'000009'.repeat(levels)}`);
    expect(amf0ValueEnd(nested(16), 0)).toBe(16 * 7 + 1);
    expect(amf0ValueEnd(nested(17), 0)).toBeNull();
  });

  it('goes 16 levels deep', () => {
    const nested = (levels: number): Buffer => hex(`${'0a00000001'.repeat(levels)}05`);
    expect(amf0ValueEnd(nested(16), 0)).toBe(81);
    expect(amf0ValueEnd(nested(17), 0)).toBeNull();
  });
});
