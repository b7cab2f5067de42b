import { describe, expect, it } from 'vitest';
import { includesDigest, joinDigests, memberDigest } from './member-digest.js';

describe('memberDigest', () => {
  it('is the beginning of SHA-256 over the id', () => {
    // printf abc | sha256sum (FIPS 180-2, appendix B.1)
    expect(Buffer.from(memberDigest('abc')).toString('hex')).toBe('ba7816bf8f01');
  });

  it('is found among others at its own place alone', () => {
    const [a, b] = [memberDigest('a'), memberDigest('b')];
    const joined = joinDigests([a, b]);
    expect(joined.byteLength).toBe(12);
    expect([a, b, memberDigest('c')].map((digest) => includesDigest(joined, digest))).toEqual([
      true,
      true,
      false,
    ]);
    expect(includesDigest(joined, joined.subarray(3, 9))).toBe(false);
    expect(includesDigest(joined.subarray(0, 11), b)).toBe(false);
    expect(includesDigest(new Uint8Array(0), a)).toBe(false);
  });
});
