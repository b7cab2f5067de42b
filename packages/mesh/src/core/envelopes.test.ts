import { describe, expect, it } from 'vitest';
import { Envelopes } from './envelopes.js';
import { ENVELOPE_KEPT_BYTES_MAX, ENVELOPES_KEPT_BYTES_MAX, ENVELOPES_KEPT_MAX } from './limits.js';

const deltaOf = (from: number, to: number, generation = 1) =>
  ({ member: 'm', generation, from, to, entries: [] }) as const;
const envelopeOf = (mark: number, length = 1): Uint8Array => new Uint8Array(length).fill(mark);
const marksOf = (signedBytes: readonly Uint8Array[]): number[] => signedBytes.map((bytes) => bytes[0] ?? 0);

function keeping(...deltas: readonly (readonly [number, number])[]): Envelopes {
  const envelopes = new Envelopes();
  for (const [from, to] of deltas) envelopes.keep(deltaOf(from, to), envelopeOf(to));
  return envelopes;
}

describe('Envelopes', () => {
  it('gives those that lead on from a position, also where they came in another order or twice', () => {
    const envelopes = keeping([0, 1], [3, 4], [1, 3], [3, 4], [4, 9]);
    expect(envelopes.count).toBe(4);
    expect(marksOf(envelopes.since({ generation: 1, version: 1 }))).toEqual([3, 4, 9]);
    expect(marksOf(envelopes.since({ generation: 1, version: 2 }))).toEqual([3, 4, 9]);
    expect(envelopes.since({ generation: 1, version: 9 })).toEqual([]);
  });

  it('gives nothing across a gap', () => {
    expect(marksOf(keeping([0, 1], [2, 3]).since({ generation: 1, version: 0 }))).toEqual([1]);
    expect(keeping([2, 3]).since({ generation: 1, version: 1 })).toEqual([]);
  });

  it('gives one that reaches back over a gap', () => {
    expect(marksOf(keeping([0, 1], [2, 3], [1, 4]).since({ generation: 1, version: 0 }))).toEqual([1, 4]);
    expect(marksOf(keeping([2, 3], [1, 3]).since({ generation: 1, version: 1 }))).toEqual([3]);
  });

  it('keeps those of one start only', () => {
    const envelopes = keeping([0, 1], [1, 2]);
    envelopes.keep(deltaOf(0, 1, 2), envelopeOf(7));
    envelopes.keep(deltaOf(2, 3, 1), envelopeOf(8));
    expect(marksOf(envelopes.since({ generation: 1, version: 2 }))).toEqual([7]);
    expect(envelopes.since({ generation: 3, version: 0 })).toEqual([]);
    envelopes.clear();
    expect([envelopes.count, envelopes.bytes]).toEqual([0, 0]);
  });

  it('keeps the newest, within its limits of number and bytes', () => {
    const many = keeping(
      ...Array.from({ length: ENVELOPES_KEPT_MAX + 5 }, (_, index) => [index, index + 1] as const),
    );
    expect(many.count).toBe(ENVELOPES_KEPT_MAX);
    expect(many.since({ generation: 1, version: 4 })).toEqual([]);
    expect(many.since({ generation: 1, version: 5 })).toHaveLength(ENVELOPES_KEPT_MAX);
    const large = new Envelopes();
    for (let index = 0; index < 9; index += 1) large.keep(deltaOf(index, index + 1), envelopeOf(1, 50_000));
    expect(large.count).toBe(Math.floor(ENVELOPES_KEPT_BYTES_MAX / 50_000));
    expect(large.bytes).toBe(large.count * 50_000);
    large.keep(deltaOf(9, 10), envelopeOf(1, ENVELOPE_KEPT_BYTES_MAX + 1));
    expect(large.since({ generation: 1, version: 9 })).toEqual([]);
  });

  it('keeps what reaches its limits, and does not pass them', () => {
    const longest = new Envelopes();
    longest.keep(deltaOf(0, 1), envelopeOf(1, ENVELOPE_KEPT_BYTES_MAX));
    expect(longest.count).toBe(1);
    const full = new Envelopes();
    for (let index = 0; index < 4; index += 1)
      full.keep(deltaOf(index, index + 1), envelopeOf(1, ENVELOPES_KEPT_BYTES_MAX / 4));
    expect([full.count, full.bytes]).toEqual([4, ENVELOPES_KEPT_BYTES_MAX]);
  });

  it('copies what it keeps, which may lie in a buffer that is used again', () => {
    const envelopes = new Envelopes();
    const buffer = envelopeOf(1);
    envelopes.keep(deltaOf(0, 1), buffer);
    buffer.fill(9);
    expect(marksOf(envelopes.since({ generation: 1, version: 0 }))).toEqual([1]);
  });
});
