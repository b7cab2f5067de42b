import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { inspect, withoutForeign } from './inspect.js';

const packr = new Packr({ useRecords: false });
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const without = (bytes: Uint8Array): string =>
  Buffer.from(withoutForeign(bytes, inspect(bytes).foreign)).toString('hex');

describe('inspect', () => {
  it.each([
    [[1, -1, 127, -32, 200, 70_000, 2 ** 40, -200, -70_000, 1.5, null, true, false]],
    [['', 'short', 'x'.repeat(40), 'x'.repeat(300), 'x'.repeat(70_000)]],
    [[new Uint8Array(3), new Uint8Array(300), new Uint8Array(70_000)]],
    [[[], [[1]], Array.from({ length: 20 }, (_, index) => index), Array(70_000).fill(0)]],
  ])('has nothing against plain values', (value) => {
    expect(inspect(packr.pack(value))).toEqual({ problem: null, foreign: [] });
  });

  it.each([
    ['nothing', [], 'cut short'],
    ['an unused type', [0xc1], 'a type that msgpack has not (0xc1)'],
    ['a text cut short', [0xa5, 0x61], 'cut short'],
    ['an array with a monstrous length', [0xdd, 0xff, 0xff, 0xff, 0xff], 'an array longer than the message'],
    ['an array that lacks its last item', [0x92, 1], 'an array longer than the message'],
    ['a text with a monstrous length', [0xdb, 0xff, 0xff, 0xff, 0xff], 'cut short'],
    ['a map with a monstrous length', [0xdf, 0xff, 0xff, 0xff, 0xff], 'an array longer than the message'],
    ['a map without its last value', [0x81, 1], 'an array longer than the message'],
    ['an extension with a monstrous length', [0xc9, 0xff, 0xff, 0xff, 0xff, 1], 'cut short'],
    ['an extension cut short', [0xd6, 1, 2, 3, 4], 'cut short'],
    ['a length cut short', [0xdc, 0xff], 'cut short'],
    ['a number cut short', [0xcf, 1], 'cut short'],
    ['an array whose last item is cut short', [0x92, 0x91, 0xa1], 'cut short'],
    ['arrays without end', Array(1_000).fill(0x91), 'nested too deep'],
    ['maps without end', Array(1_000).fill(0x81), 'nested too deep'],
    ['two values', [1, 1], 'followed by more bytes'],
    ['a map and more', [0x80, 1], 'followed by more bytes'],
  ])('refuses %s', (_, bytes, problem) => {
    expect(inspect(Uint8Array.from(bytes as number[]))).toEqual({ problem, foreign: [] });
  });

  it('gives back the very bytes where nothing in them is foreign', () => {
    const bytes = hex('92 01 02');
    expect(withoutForeign(bytes, [])).toBe(bytes);
  });

  it('forgets what was foreign in bytes that are broken', () => {
    expect(inspect(hex('92 80 c1'))).toEqual({ problem: 'a type that msgpack has not (0xc1)', foreign: [] });
  });

  it.each([0x91, 0x81])('takes nesting as deep as the contract says, and no deeper (0x%s)', (type) => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.from(
        [...Array(depth).fill(type === 0x91 ? [0x91] : [0x81, 0xc0]), type === 0x91 ? [0x90] : [0x80]].flat(),
      );
    expect(inspect(nested(15)).problem).toBeNull();
    expect(inspect(nested(16)).problem).toBe('nested too deep');
  });

  it.each([
    ['a map', '93 01 80 02', '93 01 c0 02'],
    ['a map in a map', '92 81 a1 61 81 01 82 02 03 04 05 06', '92 c0 06'],
    ['maps and arrays in a map', '91 82 01 91 80 02 93 80 90 81 01 02', '91 c0'],
    ['two maps side by side', '92 81 01 02 81 03 04', '92 c0 c0'],
    ['a long map', '92 de 0001 01 02 df 00000001 01 02', '92 c0 c0'],
    [
      'fixed extensions',
      '95 d4 72 40 d5 01 0000 d6 ff 00000000 d7 01 0000000000000000 05',
      '95 c0 c0 c0 c0 05',
    ],
    ['the longest fixed extension', '92 d8 01 00000000000000000000000000000000 05', '92 c0 05'],
    ['extensions with a length', '94 c7 02 01 aabb c8 0001 01 cc c9 00000001 01 dd 05', '94 c0 c0 c0 05'],
    ['an extension in a map', '92 81 01 d4 72 40 05', '92 c0 05'],
    ['a map deep in arrays', '92 91 91 81 01 02 03', '92 91 91 c0 03'],
    ['nothing but a map', '81 01 02', 'c0'],
  ])('takes %s for nil', (_, bytes, expected) => {
    expect(inspect(hex(bytes)).problem).toBeNull();
    expect(without(hex(bytes))).toBe(expected.replaceAll(' ', ''));
  });
});
