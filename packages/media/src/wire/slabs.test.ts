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

  it('put many small pieces into few slabs, of sizes that fit them, and waste little', () => {
    for (const bytes of [50, 400, 3_000, 9_000]) {
      const slabs = new Slabs();
      const pieces = Array.from({ length: 1_000 }, () => slabs.take(bytes));
      const memory = memoryOf(pieces.slice(100));
      expect(memory.size).toBeLessThan(900 / 6);
      const slabMost = 131_072;
      expect(bytesOf(memory)).toBeLessThan(900 * bytes * 1.2 + slabMost);
      // A stream of little is not held by slabs of much.
      expect(Math.max(...[...memory].map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(
        Math.min(slabMost, Math.max(1024, 64 * bytes)),
      );
    }
  });

  it('give what is large for a slab memory of just its size', () => {
    const slabs = new Slabs();
    for (let index = 0; index < 50; index += 1) slabs.take(400);
    expect(slabs.take(20_000).buffer.byteLength).toBe(20_000);
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
