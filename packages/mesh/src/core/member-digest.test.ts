import { describe, expect, it } from 'vitest';
import { digestNumber, digestsIn, includesDigest, joinDigests, startDigest } from './member-digest.js';

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

  it('is a whole number of 48 bits', () => {
    const [a, b] = [startDigest('abc', 1), startDigest('b', 1)];
    expect(digestNumber(a)).toBe(0xbd7b77635096);
    const joined = joinDigests([b, a]);
    expect(digestNumber(joined, 6)).toBe(0xbd7b77635096);
    expect(digestsIn(joined)).toEqual(new Set([digestNumber(b), digestNumber(a)]));
    expect(digestsIn(joined.subarray(0, 11))).toEqual(new Set([digestNumber(b)]));
    expect(digestsIn(new Uint8Array(0)).size).toBe(0);
  });
});
