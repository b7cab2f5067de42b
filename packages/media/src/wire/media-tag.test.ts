import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMediaTag } from './media-tag.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('readMediaTag', () => {
  it.each([
    [
      'a track of its own fourcc',
      'video',
      '96 00 68766331 05 aa',
      { isHeader: true, fourcc: 'hvc1', trackId: 5, bodyAt: 7 },
    ],
    [
      'many tracks of one codec',
      'video',
      '96 11 68766331 00 000001 aa',
      { isKeyframe: true, trackId: 0, bodyAt: 10 },
    ],
    [
      'many tracks of many codecs',
      'audio',
      '95 20 4f707573 02 000001 aa',
      { isHeader: true, fourcc: 'Opus', trackId: 2 },
    ],
    [
      'two parcels of ModEx',
      'video',
      '97 00 ff 07 02 0001f4 01 61763031',
      { isKeyframe: true, fourcc: 'av01', bodyAt: 13 },
    ],
    ['ModEx before several tracks', 'video', '97 00 ff 06 00 68766331 01', { isHeader: true, trackId: 1 }],
    [
      'a long ModEx',
      'audio',
      `97 ff 00ff ${'00'.repeat(256)} 01 4f707573`,
      { isHeader: false, fourcc: 'Opus' },
    ],
    ['an end within ModEx', 'video', '97 00 ff 02 68766331', { isSequenceEnd: true, isKeyframe: false }],
    ['a command', 'video', 'd1 00', { isHeader: false, isKeyframe: false }],
    [
      'colour information, whatever its frame type',
      'video',
      'd4 68766331',
      { isHeader: true, isKeyframe: false },
    ],
    ['MPEG-2 TS header', 'video', '95 68766331', { isHeader: true, packetType: 5 }],
    ['channels', 'audio', '94 4f707573', { isHeader: true, packetType: 4 }],
  ] as const)('reads %s', (_name, kind, bytes, expected) => {
    expect(readMediaTag(kind, hex(bytes))).toMatchObject(expected);
  });

  it('takes what is cut anywhere for an ordinary packet', () => {
    for (const text of ['97 02 0001f4 07 ff', '96 00 6876', '97', '96', '90', 'ff ff ff']) {
      const bytes = hex(text);
      expect(readMediaTag('video', bytes)).toMatchObject({
        isHeader: false,
        isKeyframe: false,
        isSequenceEnd: false,
      });
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom('audio', 'video'), fc.uint8Array({ maxLength: 40 }), (kind, bytes) => {
        expect(readMediaTag(kind, Buffer.from(bytes)).bodyAt).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('frame type 5', () => {
  it.each(['57 00', '57 01', '52 00', '5c 00', 'd1 00', 'd0 68766331'])('makes %s a command', (bytes) => {
    expect(readMediaTag('video', hex(bytes))).toMatchObject({
      isCommand: true,
      isHeader: false,
      isKeyframe: false,
      isSequenceEnd: false,
      isCoded: false,
    });
  });

  it('is no command in sound, nor is any other type', () => {
    expect(readMediaTag('audio', hex('57 00')).isCommand).toBe(false);
    for (const first of ['17', '27', '37', '47'])
      expect(readMediaTag('video', hex(`${first} 01`)).isCommand).toBe(false);
  });
});
