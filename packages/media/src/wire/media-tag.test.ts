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

describe('a whole tag', () => {
  /** Of a packet that says nothing. */
  const ORDINARY = {
    isHeader: false,
    isKeyframe: false,
    isSequenceEnd: false,
    isCommand: false,
    isCoded: false,
    packetType: 1,
    bodyAt: 0,
  };
  const HVC1 = '68766331';

  it.each([
    ['nothing', 'video', '', {}],
    ['nothing', 'audio', '', {}],
    ['a cut fourcc', 'video', '91 687663', {}],
    ['no tracks after a multitrack head', 'video', '96', {}],
    ['a command cut within ModEx', 'video', 'd7 00 aa', {}],
    ['AVC', 'video', '17 01 000000', { codec: 7, isKeyframe: true, isCoded: true, bodyAt: 5 }],
    ['AVC without its type', 'video', '27', { codec: 7, isCoded: true, bodyAt: 1 }],
    ['an AVC header', 'video', '17 00', { codec: 7, isHeader: true, packetType: 0, bodyAt: 5 }],
    ['an end of AVC', 'video', '17 02', { codec: 7, isSequenceEnd: true, packetType: 2, bodyAt: 5 }],
    ['an unknown type of AVC', 'video', '27 03', { codec: 7, packetType: 3, bodyAt: 5 }],
    ['H.263, without a type', 'video', '22 00', { codec: 2, isCoded: true, bodyAt: 1 }],
    ['a command', 'video', '57 01', { codec: 7, isCommand: true, bodyAt: 5 }],
    ['AAC', 'audio', 'af 01', { codec: 10, isCoded: true, bodyAt: 2 }],
    ['an AAC header', 'audio', 'af 00', { codec: 10, isHeader: true, packetType: 0, bodyAt: 2 }],
    ['MP3', 'audio', '2f 00', { codec: 2, isCoded: true, bodyAt: 1 }],
    ['HEVC', 'video', `a1 ${HVC1}`, { codec: 'hvc1', fourcc: 'hvc1', isCoded: true, bodyAt: 5 }],
    [
      'HEVC without composition time',
      'video',
      `93 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isKeyframe: true, isCoded: true, packetType: 3, bodyAt: 5 },
    ],
    [
      'an HEVC header',
      'video',
      `90 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isHeader: true, packetType: 0, bodyAt: 5 },
    ],
    [
      'an end of HEVC',
      'video',
      `92 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isSequenceEnd: true, packetType: 2, bodyAt: 5 },
    ],
    [
      'an unknown fourcc',
      'video',
      'a1 78797a31',
      { codec: 'xyz1', fourcc: 'xyz1', isCoded: true, bodyAt: 5 },
    ],
    ['Opus', 'audio', '91 4f707573', { codec: 'Opus', fourcc: 'Opus', isCoded: true, bodyAt: 5 }],
    [
      'type 3 of sound, which is none',
      'audio',
      '93 4f707573',
      { codec: 'Opus', fourcc: 'Opus', packetType: 3, bodyAt: 5 },
    ],
    [
      'type 5 of sound within tracks, which is none',
      'audio',
      '95 05 4f707573 01',
      { codec: 'Opus', fourcc: 'Opus', trackId: 1, multitrackType: 0, packetType: 5, bodyAt: 7 },
    ],
    [
      'a multitrack message without its track',
      'video',
      `96 01 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isKeyframe: true, isCoded: true, bodyAt: 7 },
    ],
    [
      'several tracks',
      'video',
      `a6 11 ${HVC1} 05 000001 aa`,
      { codec: 'hvc1', fourcc: 'hvc1', trackId: 5, multitrackType: 1, isCoded: true, bodyAt: 10 },
    ],
    ['an enhanced command', 'video', 'd1 00', { isCommand: true, bodyAt: 1 }],
    ['an enhanced command after ModEx', 'video', 'd7 00 ff 01 00', { isCommand: true, bodyAt: 4 }],
    [
      'ModEx of 255 bytes, whose size is short',
      'video',
      `a7 fe ${'00'.repeat(255)} 01 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isCoded: true, bodyAt: 262 },
    ],
    [
      'ModEx of 300 bytes',
      'video',
      `a7 ff 012b ${'00'.repeat(300)} 01 ${HVC1}`,
      { codec: 'hvc1', fourcc: 'hvc1', isCoded: true, bodyAt: 309 },
    ],
    ['ModEx cut in its long size', 'video', 'a7 ff 01', {}],
    ['ModEx cut before the type', 'video', 'a7 01 0000', {}],
  ] as const)('of %s (%s)', (_name, kind, bytes, more) => {
    expect(readMediaTag(kind, hex(bytes))).toStrictEqual({ ...ORDINARY, ...more });
  });

  it('is never taken for that of another head', () => {
    const typed = { video: [7, 12], audio: [10] };
    for (const kind of ['video', 'audio'] as const) {
      for (let first = 0; first < 256; first += 1) {
        const isEnhanced = kind === 'video' ? first >= 0x80 : first >> 4 === 9;
        if (isEnhanced) continue;
        const codec = kind === 'video' ? first & 0x0f : first >> 4;
        const frameType = kind === 'video' ? first >> 4 : 0;
        for (const type of [undefined, 0, 1, 2, 3, 255]) {
          const tag = readMediaTag(kind, type === undefined ? Buffer.of(first) : Buffer.of(first, type));
          const isTyped = type !== undefined && typed[kind].includes(codec);
          const about = `${kind} ${first} ${type}`;
          expect([tag.codec, tag.isCommand, tag.packetType], about).toEqual([
            codec,
            frameType === 5,
            isTyped ? type : 1,
          ]);
          expect(tag.bodyAt, about).toBe(!isTyped ? 1 : kind === 'video' ? 5 : 2);
          expect(tag.isHeader, about).toBe(isTyped && type === 0 && frameType !== 5);
        }
      }
    }
  });
});
