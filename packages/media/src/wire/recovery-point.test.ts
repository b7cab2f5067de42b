import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRecoveryPoint } from './recovery-point.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const SLICE = '00000004 419a1310';
const HEVC_SLICE = '00000004 0201d010';

describe('hasRecoveryPoint', () => {
  it.each([
    ['as x264 writes it', 7, 4, `00000006 0606 02 09c4 80 ${SLICE}`],
    ['after an access unit delimiter', 7, 4, `00000002 0930 00000006 0606 02 09c4 80 ${SLICE}`],
    ['after parameter sets', 7, 4, `00000004 67640001 00000004 68ebe3cb 00000005 0606 01 c4 80 ${SLICE}`],
    ['after another message', 7, 4, `0000000a 06 01 03 aabbcc 06 02 09c4 80 ${SLICE}`],
    ['after a message with escaped bytes', 7, 4, `0000000c 06 01 04 0000 03 0001 06 02 09c4 80 ${SLICE}`],
    ['after a long message', 7, 4, `0000010a 06 05 ff01 ${'11'.repeat(256)} 06 01 c4 80 80 ${SLICE}`],
    ['in a unit of its own after another', 7, 4, `00000004 060100 80 00000006 0606 02 09c4 80 ${SLICE}`],
    ['with lengths of two bytes', 7, 2, '0006 0606 02 09c4 80 0004 419a1310'],
    ['by fourcc', 'avc1', 4, `00000006 0606 02 09c4 80 ${SLICE}`],
    ['of HEVC by number', 12, 4, `00000006 4e01 06 01 d0 80 ${HEVC_SLICE}`],
    ...[32, 33, 34, 35].map(
      (type) =>
        [
          `of HEVC after a unit of type ${type}`,
          'hvc1',
          4,
          `00000003 ${(type * 2).toString(16)}0150 00000006 4e01 06 01 d0 80 ${HEVC_SLICE}`,
        ] as const,
    ),
    ['in the eighth unit', 7, 4, `${'00000002 0930'.repeat(7)} 00000006 0606 02 09c4 80 ${SLICE}`],
    ['after bytes that need no escape', 7, 4, `0000000a 06 01 03 000004 06 01 c4 80 ${SLICE}`],
    ['after a 3 that is no escape', 7, 4, `0000000a 06 01 03 aabb03 06 01 c4 80 ${SLICE}`],
    ['after an escaped size', 7, 4, `0000000d 06 01 01 00 00 03 02 aabb 06 01 c4 80 ${SLICE}`],
    ['of one byte, the end cut off', 7, 4, '00000004 0606 01 c4'],
    ['in a unit that is cut', 7, 4, '000000ff 0606 01 c4'],
    [
      'within 1,024 bytes',
      7,
      4,
      `00000400 06 05 ffffffef ${'11'.repeat(1004)} 0601 c4 80 ${'00'.repeat(10)}`,
    ],
    ['of HEVC', 'hvc1', 4, `00000003 460150 00000006 4e01 06 01 d0 80 ${HEVC_SLICE}`],
  ] as const)('finds one %s', (_name, codec, lengthBytes, body) => {
    const payload = Buffer.concat([hex('2701000000'), hex(body)]);
    expect(hasRecoveryPoint(codec, payload, 5, lengthBytes)).toBe(true);
  });

  it.each([
    ['a slice alone', 7, SLICE],
    ['other messages', 7, `00000007 06 01 03 aabbcc 80 ${SLICE}`],
    ['a recovery point after the slice', 7, `${SLICE} 00000006 0606 02 09c4 80`],
    ['a message whose content looks like one', 7, `00000009 06 05 05 0602 09c4 80 80 ${SLICE}`],
    ['a unit of HEVC read as such', 'hvc1', `00000006 0606 02 09c4 80 ${HEVC_SLICE}`],
    ['a codec without units', 'av01', `00000006 0606 02 09c4 80 ${SLICE}`],
    ['the ninth unit', 7, `${'00000002 0930'.repeat(8)} 00000006 0606 02 09c4 80 ${SLICE}`],
    ['a message of a large type', 7, `00000006 06 ff06 01 c4 80 ${SLICE}`],
    ['a unit that holds its type alone', 7, `00000003 0606 80 ${SLICE}`],
    ['HEVC after a unit of another type', 12, `00000003 4801 50 00000006 4e01 06 01 d0 80 ${HEVC_SLICE}`],
    ['a unit after 1,024 bytes', 7, `00000500 06 05 ffffffff06 ${'11'.repeat(1026)} 0601 c4 80`],
    ['nothing', 7, ''],
    ['a length without a unit', 7, '000000ff'],
  ] as const)('finds none in %s', (_name, codec, body) => {
    expect(hasRecoveryPoint(codec, Buffer.concat([hex('2701000000'), hex(body)]), 5, 4)).toBe(false);
  });

  it('does not search far, whatever is sent', () => {
    const endless = Buffer.concat([hex('00ffffff 06'), Buffer.alloc(1_000_000, 0xff)]);
    expect(hasRecoveryPoint(7, endless, 0, 4)).toBe(false);
    expect(hasRecoveryPoint(7, Buffer.alloc(1_000_000), 0, 1)).toBe(false);
    const body = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(body, fc.integer({ min: 1, max: 4 }), fc.nat(70), (bytes, lengthBytes, at) => {
        const start = Buffer.concat([hex('00000006 0606'), bytes]);
        expect(typeof hasRecoveryPoint(7, start, at, lengthBytes)).toBe('boolean');
        expect(typeof hasRecoveryPoint('hvc1', start, at, lengthBytes)).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });
});
