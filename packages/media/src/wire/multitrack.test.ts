import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMediaTag } from './media-tag.js';
import { trackParts, withParts } from './multitrack.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const HVC1 = '68766331';
const AVC1 = '61766331';
const MANY = hex(`96 11 ${HVC1} 00 000001 aa 01 000002 bbbb 05 000000`);
const MANY_CODECS = hex(`a6 21 ${HVC1} 00 000001 aa ${AVC1} 01 000002 bbbb`);

const partsOf = (kind: 'audio' | 'video', payload: Buffer) =>
  trackParts(payload, readMediaTag(kind, payload)).map(({ trackId, fourcc, from, to }) => [
    trackId,
    fourcc,
    payload.toString('hex', from, to),
  ]);

function without(kind: 'audio' | 'video', payload: Buffer, ...left: number[]): string {
  const tag = readMediaTag(kind, payload);
  const parts = trackParts(payload, tag).filter(({ trackId }) => !left.includes(trackId));
  return withParts(kind, payload, tag, parts).toString('hex');
}

const bytes = (text: string): string => hex(text).toString('hex');

describe('trackParts', () => {
  it('tells the tracks of a message apart', () => {
    expect(partsOf('video', hex(`96 01 ${HVC1} 05 aabb`))).toEqual([[5, 'hvc1', 'aabb']]);
    expect(partsOf('video', MANY)).toEqual([
      [0, 'hvc1', 'aa'],
      [1, 'hvc1', 'bbbb'],
      [5, 'hvc1', ''],
    ]);
    expect(partsOf('video', MANY_CODECS)).toEqual([
      [0, 'hvc1', 'aa'],
      [1, 'avc1', 'bbbb'],
    ]);
    expect(partsOf('video', hex(`97 02 0001f4 06 11 ${HVC1} 00 000001 aa 01 000001 bb`))).toEqual([
      [0, 'hvc1', 'aa'],
      [1, 'hvc1', 'bb'],
    ]);
  });

  it('takes what is whole, and one of each track', () => {
    expect(partsOf('video', hex(`96 11 ${HVC1} 00 000001 aa 00 000001 bb 01 0000ff cc`))).toEqual([
      [0, 'hvc1', 'aa'],
    ]);
    expect(partsOf('video', hex(`91 ${HVC1} aa`))).toEqual([]);
    expect(partsOf('video', hex(`96 01 ${HVC1}`))).toEqual([]);
    expect(partsOf('video', hex(`96 01 ${HVC1} 05`))).toEqual([[5, 'hvc1', '']]);
    expect(partsOf('video', hex(`96 11 ${HVC1} 00 0000`))).toEqual([]);
    expect(partsOf('video', hex(`96 11 ${HVC1} 00 000001`))).toEqual([]);
    expect(partsOf('video', hex(`96 21 ${HVC1} 03 000001 aa ${AVC1} 04 0000`))).toEqual([[3, 'hvc1', 'aa']]);
    expect(partsOf('video', hex(`96 21 ${HVC1} 03 000000 ${AVC1} 04 000000`))).toEqual([
      [3, 'hvc1', ''],
      [4, 'avc1', ''],
    ]);
    const long = 'cd'.repeat(66_000);
    expect(partsOf('video', hex(`96 11 ${HVC1} 07 0101d0 ${long} 08 000001 bb`))).toEqual([
      [7, 'hvc1', long],
      [8, 'hvc1', 'bb'],
    ]);
  });
});

describe('withParts', () => {
  it('writes a message with some of the tracks', () => {
    expect(without('video', MANY, 1)).toBe(bytes(`96 11 ${HVC1} 00 000001 aa 05 000000`));
    expect(without('video', MANY, 5)).toBe(bytes(`96 11 ${HVC1} 00 000001 aa 01 000002 bbbb`));
    const header = `96 10 ${HVC1} 00 000001 aa 01 0101d0 ${'cd'.repeat(66_000)} 02 000001 bb`;
    expect(without('video', hex(header), 2)).toBe(bytes(header.slice(0, -12)));
    expect(without('video', MANY, 0, 5)).toBe(bytes(`96 01 ${HVC1} 01 bbbb`));
    expect(without('video', MANY_CODECS)).toBe(MANY_CODECS.toString('hex'));
    expect(without('video', MANY_CODECS, 0)).toBe(bytes(`a6 01 ${AVC1} 01 bbbb`));
    expect(without('audio', hex('95 11 4f707573 00 000001 aa 01 000001 bb'), 0)).toBe(
      bytes('95 01 4f707573 01 bb'),
    );
    expect(without('video', hex(`97 02 0001f4 06 11 ${HVC1} 00 000001 aa 01 000001 bb`), 1)).toBe(
      bytes(`96 01 ${HVC1} 00 aa`),
    );
  });

  it('keeps the name of a codec byte by byte, whatever it is', () => {
    const odd = hex(`96 21 e96f80ff 00 000001 aa ${AVC1} 01 000001 bb`);
    expect(without('video', odd)).toBe(odd.toString('hex'));
    expect(without('video', odd, 1)).toBe(bytes('96 01 e96f80ff 00 aa'));
  });

  it('is read back, whatever the tracks', () => {
    const start = fc.constantFrom(`96 11 ${HVC1}`, 'a6 21', '95 10 4f707573', '97 00 ff 06 11', '');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), (head, rest) => {
        const payload = Buffer.concat([hex(head), rest]);
        const tag = readMediaTag('video', payload);
        const parts = trackParts(payload, tag);
        if (parts.length === 0) return;
        expect(partsOf('video', withParts('video', payload, tag, parts))).toEqual(partsOf('video', payload));
      }),
      { numRuns: 2000 },
    );
  });
});
