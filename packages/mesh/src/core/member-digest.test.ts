import { describe, expect, it } from 'vitest';
import { includesDigest, joinDigests, startDigest } from './member-digest.js';

describe('startDigest', () => {
  it('is the beginning of SHA-256 over the id and the generation', () => {
    // printf abc/1 | sha256sum
    expect(Buffer.from(startDigest('abc', 1)).toString('hex')).toBe('bd7b77635096');
  });

  it('is found among others at its own place alone', () => {
    const [a, b] = [startDigest('a', 1), startDigest('b', 1)];
    const joined = joinDigests([a, b]);
    expect(joined.byteLength).toBe(12);
    expect([a, b, startDigest('a', 2)].map((digest) => includesDigest(joined, digest))).toEqual([
      true,
      true,
      false,
    ]);
    expect(includesDigest(joined, joined.subarray(3, 9))).toBe(false);
    expect(includesDigest(joined.subarray(0, 11), b)).toBe(false);
    expect(includesDigest(new Uint8Array(0), a)).toBe(false);
  });
});
