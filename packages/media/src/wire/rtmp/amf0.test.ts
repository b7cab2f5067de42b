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
