import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { msgpackProblem } from './inspect.js';

const packr = new Packr({ useRecords: false });

describe('msgpackProblem', () => {
  it.each([
    [[1, -1, 127, -32, 200, 70_000, 2 ** 40, -200, -70_000, 1.5, null, true, false]],
    [['', 'short', 'x'.repeat(40), 'x'.repeat(300), 'x'.repeat(70_000)]],
    [[new Uint8Array(3), new Uint8Array(300), new Uint8Array(70_000)]],
    [[[], [[1]], Array.from({ length: 20 }, (_, index) => index), Array(70_000).fill(0)]],
  ])('has nothing against plain values', (value) => {
    expect(msgpackProblem(packr.pack(value))).toBeNull();
  });

  it.each([
    ['nothing', []],
    ['a map', [0x80]],
    ['a large map', [0xde, 0, 0]],
    ['an extension', [0xd4, 0x72, 0x40]],
    ['an unused type', [0xc1]],
    ['a text cut short', [0xa5, 0x61]],
    ['an array with a monstrous length', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a text with a monstrous length', [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['a length cut short', [0xdc, 0xff]],
    ['a number cut short', [0xcf, 1]],
    ['arrays without end', Array(1_000).fill(0x91)],
    ['two values', [1, 1]],
  ])('refuses %s', (_, bytes) => {
    expect(msgpackProblem(Uint8Array.from(bytes as number[]))).not.toBeNull();
  });
});
