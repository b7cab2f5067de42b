import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AMF_DEPTH_MAX,
  AMF_VALUES_MAX,
  AmfEcmaArray,
  AmfError,
  amfObject,
  decodeAmf0,
  encodeAmf0,
} from './amf0.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('AMF0', () => {
  it('is byte by byte what the specification says', () => {
    const bytes = encodeAmf0('é', 1, true, null, undefined, { a: 'b' }, new AmfEcmaArray({ a: 2 }), [false]);
    expect(bytes.toString('hex')).toBe(
      [
        '020002c3a9',
        '003ff0000000000000',
        '0101',
        '05',
        '06',
        '03000161020001620000' + '09',
        '0800000001' + '000161004000000000000000' + '000009',
        '0a000000010100',
      ].join(''),
    );
  });

  it('reads back what it wrote', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
    );
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const read = decodeAmf0(encodeAmf0(...(values as never[])));
        expect(plain(read)).toEqual(plain(values));
      }),
    );
  });

  it('writes and reads strings longer than 65535 bytes', () => {
    const text = 'ü'.repeat(40_000);
    expect(decodeAmf0(encodeAmf0(text, 1))).toEqual([text, 1]);
  });

  it.each([
    [0xffff, '02ffff'],
    [0x10000, '0c00010000'],
  ])('writes text of %i bytes with a length that holds it', (length, head) => {
    const bytes = encodeAmf0(null, 'x'.repeat(length), true);
    expect(bytes.toString('hex', 1, 1 + head.length / 2)).toBe(head);
    expect(bytes.length).toBe(1 + head.length / 2 + length + 2);
    expect(bytes.subarray(-2)).toEqual(Buffer.of(1, 1));
  });

  it('cuts a name where its length ends, and goes on behind it', () => {
    const bytes = encodeAmf0({ ['n'.repeat(0x10000)]: 'v' }, 'end');
    const [read, end] = decodeAmf0(bytes);
    expect([Object.keys(amfObject(read) ?? {})[0]?.length, end]).toEqual([0xffff, 'end']);
  });

  it('writes the same wherever its buffer has to grow', () => {
    for (let length = 480; length < 540; length += 1) {
      const values = ['x'.repeat(length), 1, true, { a: 'ü', b: [null, 2] }, new AmfEcmaArray({ c: 3 })];
      expect(encodeAmf0(...values)).toEqual(Buffer.concat(values.map((value) => encodeAmf0(value))));
    }
  });

  it('reads ECMA arrays, dates, typed objects and what stands behind them', () => {
    const bytes = Buffer.concat([
      encodeAmf0(new AmfEcmaArray({ width: 640 })),
      Buffer.from('0b40000000000000000000', 'hex'),
      Buffer.from('10000154' + '000161' + '0101' + '000009', 'hex'),
      encodeAmf0('end'),
    ]);
    expect(plain(decodeAmf0(bytes))).toEqual([{ width: 640 }, 2, { a: true }, 'end']);
  });

  it.each([
    ['false', '0100', [false]],
    ['true, of any other byte', '0107', [true]],
    ['null', '05', [null]],
    ['undefined', '06', [undefined]],
    ['a reference, for undefined', '070001 05', [undefined, null]],
    ['unsupported, for undefined', '0d 05', [undefined, null]],
    ['a date, without its zone', '0b 4000000000000000 0000 05', [2, null]],
    ['a long string', '0c 00000002 6869 05', ['hi', null]],
    ['an XML document', '0f 00000002 6869 05', ['hi', null]],
    ['a typed object, without its class', '10 0001 54 0001 61 05 000009 06', [{ a: null }, undefined]],
    ['an ECMA array, whatever its count', '08 00000007 0001 61 05 000009 06', [{ a: null }, undefined]],
    ['an empty object', '03 000009', [{}]],
    ['an empty name', '03 0000 05 000009', [{ '': null }]],
    ['an empty array', '0a 00000000 05', [[], null]],
    ['an array', '0a 00000002 05 06 0101', [[null, undefined], true]],
    ['nothing', '', []],
  ])('reads %s', (_name, bytes, values) => {
    expect(plain(decodeAmf0(hex(bytes)))).toStrictEqual(values);
  });

  it.each([
    ['an unknown type', '05 04', 'unknown type 4 at byte 1'],
    ['a name whose value is the end', '03 0001 61 09', 'unknown type 9 at byte 4'],
    ['a cut number', '00 40', 'the message ends within a value, at byte 1'],
    ['an object without its end', '03 0001 61 05', 'the message ends within a value, at byte 5'],
    ['a cut zone', '0b 4000000000000000 00', 'the message ends within a value, at byte 9'],
    ['a cut reference', '07 00', 'the message ends within a value, at byte 1'],
    ['deep nesting', '0a00000001'.repeat(17), 'values nested deeper than 16'],
    ['deep objects', '03 0001 61'.repeat(17), 'values nested deeper than 16'],
    ['many values', '05'.repeat(4097), 'more than 4096 values in one message'],
  ])('refuses %s', (_name, bytes, text) => {
    expect(() => decodeAmf0(hex(bytes))).toThrow(new AmfError(text));
    expect(new AmfError(text)).toMatchObject({ name: 'AmfError', message: text });
  });

  it('writes 65,535 bytes of text in the short form, and one more in the long one', () => {
    expect(encodeAmf0('x'.repeat(65_535)).subarray(0, 3).toString('hex')).toBe('02ffff');
    expect(encodeAmf0('x'.repeat(65_536)).subarray(0, 5).toString('hex')).toBe('0c00010000');
    expect(encodeAmf0(false, [], '').toString('hex')).toBe('01000a00000000020000');
  });

  it('cuts a name that no length can tell', () => {
    const [read] = decodeAmf0(encodeAmf0({ ['n'.repeat(70_000)]: 1 }));
    expect(Object.entries(amfObject(read) ?? {})).toEqual([['n'.repeat(65_535), 1]]);
  });

  it('goes 16 levels deep', () => {
    expect(decodeAmf0(hex(`${'0a00000001'.repeat(16)}05`))).toHaveLength(1);
    expect(decodeAmf0(hex(`${'03000161'.repeat(16)}05${'000009'.repeat(16)}`))).toHaveLength(1);
  });

  it('tells objects from everything else', () => {
    expect(amfObject({ a: 1 })).toEqual({ a: 1 });
    expect(amfObject(new AmfEcmaArray({ a: 1 }))).toEqual({ a: 1 });
    for (const value of [null, undefined, 1, true, 'text', [], [1]]) expect(amfObject(value)).toBeNull();
  });

  it('reads up to the first value that is AMF3', () => {
    const values = encodeAmf0('publish', 3, null, 's1');
    expect(decodeAmf0(Buffer.concat([values, Buffer.from('110a0b0101', 'hex')]))).toEqual([
      'publish',
      3,
      null,
      's1',
    ]);
    // Within a value there is no telling where it ends.
    const within = Buffer.concat([Buffer.from('0300016111', 'hex'), Buffer.from('01000009', 'hex')]);
    expect(() => decodeAmf0(within)).toThrow(AmfError);
  });

  it('takes __proto__ for a name', () => {
    const [read] = decodeAmf0(
      Buffer.from('03' + '00095f5f70726f746f5f5f' + '0300016105000009' + '000009', 'hex'),
    );
    const entries = amfObject(read);
    expect(Object.keys(entries ?? {})).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(entries)).toBeNull();
  });

  it('never throws anything but AmfError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeAmf0(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AmfError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws anything but AmfError on a message that ends early', () => {
    const whole = encodeAmf0('connect', 1, { app: 'live', list: [1, 'x', { deep: true }] });
    for (let length = 0; length < whole.length; length += 1) {
      try {
        decodeAmf0(whole.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(AmfError);
      }
    }
  });

  it('bounds depth and count', () => {
    const nested = Buffer.from(`${'0a00000001'.repeat(AMF_DEPTH_MAX + 1)}05`, 'hex');
    expect(() => decodeAmf0(nested)).toThrow(AmfError);
    expect(decodeAmf0(Buffer.alloc(AMF_VALUES_MAX, 5))).toHaveLength(AMF_VALUES_MAX);
    expect(() => decodeAmf0(Buffer.alloc(AMF_VALUES_MAX + 1, 5))).toThrow(AmfError);
    expect(() => decodeAmf0(Buffer.from('0affffffff05', 'hex'))).toThrow(AmfError);
  });
});

/** The same values, objects with the usual prototype. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
