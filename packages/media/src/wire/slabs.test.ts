import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownCopy, Slabs } from './slabs.js';

/** The memory that these pieces are in. */
const memoryOf = (pieces: readonly Buffer[]): Set<ArrayBufferLike> =>
  new Set(pieces.map(({ buffer }) => buffer));
const bytesOf = (memory: Iterable<ArrayBufferLike>): number =>
  [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('Slabs', () => {
  it('give each piece bytes that are its own', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40_000), { maxLength: 200 }), (sizes) => {
        const slabs = new Slabs();
        const pieces = sizes.map((bytes, index) => slabs.take(bytes).fill(index));
        expect(pieces.map(({ length }) => length)).toEqual(sizes);
        for (const [index, piece] of pieces.entries())
          expect(piece.every((byte) => byte === (index & 0xff))).toBe(true);
      }),
    );
  });

  it('put many small pieces into few slabs, and waste little', () => {
    for (const bytes of [50, 400, 3_000, 8_000]) {
      const slabs = new Slabs();
      const memory = memoryOf(Array.from({ length: 1_000 }, () => slabs.take(bytes)));
      expect(memory.size).toBeLessThanOrEqual(1_000 / 4);
      expect(bytesOf(memory)).toBeLessThan(1_000 * bytes * 1.1 + 32_768);
      for (const { byteLength } of memory) expect(byteLength).toBe(32_768);
    }
  });

  it('give what is large for a slab memory of just its size', () => {
    const slabs = new Slabs();
    expect(slabs.take(8_192).buffer.byteLength).toBe(32_768);
    expect(slabs.take(8_193).buffer.byteLength).toBe(8_193);
    expect(slabs.take(100_000).buffer.byteLength).toBe(100_000);
  });

  it('let a large piece take nothing from the small ones after it', () => {
    const slabs = new Slabs();
    const before = slabs.take(100);
    slabs.take(50_000);
    expect(slabs.take(100).buffer).toBe(before.buffer);
  });
});

it('ownCopy shares memory with nothing', () => {
  const bytes = Buffer.from('a header');
  const copy = ownCopy(bytes);
  expect(copy.equals(bytes)).toBe(true);
  expect(copy.buffer.byteLength).toBe(bytes.length);
});
