import { describe, expect, it } from 'vitest';
import { BOTH_TRACKS, flvHeader } from './flv-header.js';
import { FLV_TAG_EXTRA_BYTES, flvTag, writeFlvTag } from './flv-tag.js';

describe('flvTag', () => {
  it.each([
    ['audio', 0, 'af01', '08 000002 000000 00 000000 af01 0000000d'],
    ['video', 0x01020304, '17', '09 000001 020304 01 000000 17 0000000c'],
    ['data', 0xffffffff, '', '12 000000 ffffff ff 000000 0000000b'],
  ] as const)('of %s at %i ms', (kind, timestampMs, payload, bytes) => {
    const tag = flvTag(kind, timestampMs, Buffer.from(payload, 'hex'));
    expect(tag.toString('hex')).toBe(bytes.replaceAll(' ', ''));
    expect(tag.length).toBe(payload.length / 2 + FLV_TAG_EXTRA_BYTES);
  });

  it('is written where it is told to, and nothing beside it', () => {
    const out = Buffer.alloc(25, 0xee);
    expect(writeFlvTag(out, 4, 'audio', 7, Buffer.of(0xaf, 1))).toBe(21);
    expect(out.toString('hex')).toBe(
      `eeeeeeee${flvTag('audio', 7, Buffer.of(0xaf, 1)).toString('hex')}eeeeeeee`,
    );
  });
});

describe('flvHeader', () => {
  it.each([
    [BOTH_TRACKS, '05'],
    [{ audio: true, video: false }, '04'],
    [{ audio: false, video: true }, '01'],
    [{ audio: false, video: false }, '00'],
  ])('of %j has the flags %s', (tracks, flags) => {
    expect(flvHeader(tracks).toString('hex')).toBe(`464c5601${flags}0000000900000000`);
  });
});
