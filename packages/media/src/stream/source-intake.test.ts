import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AVCC_720 } from '../testing/configurations.js';
import {
  AAC,
  AAC_HEADER,
  ALAW,
  AVC_HEADER,
  audio,
  BOTH_ANNOUNCED,
  bytesOf,
  data,
  HEVC_HEADER,
  hex,
  INTER,
  KEY,
  METADATA,
  OTHER_AVC_HEADER,
  running,
  Source,
  video,
} from '../testing/intake-source.js';
import { makeFrame } from '../wire/make-frame.js';
import { decodeAmf0 } from '../wire/rtmp/amf0.js';
import { SourceIntake } from './source-intake.js';

describe('SourceIntake, the line', () => {
  it('stamps headers and data with the time of what they stand before, and moves nothing for them', () => {
    for (const at of [0, 1, 62_000, 2 ** 24, 2 ** 32 - 1]) {
      const source = running();
      source.burst(
        makeFrame('video', at, OTHER_AVC_HEADER.payload),
        makeFrame('audio', at, hex('af 00 1190')),
        data(at, 'onTextData', { text: 'x' }),
        data(at, 'onCuePoint', {}),
      );
      expect(source.story).toEqual([]);
      source.burst(AAC(1046), KEY(1080), INTER(1120));
      expect(source.story, String(at)).toEqual([
        'data 1046',
        'data 1046',
        'audio 1046 header anew',
        'audio 1046',
        'video 1080 header anew',
        'video 1080 start',
        'video 1120',
      ]);
    }
  });

  it('is not moved by headers that are repeated with time 0', () => {
    const source = running();
    for (let at = 2000; at < 60_000; at += 1000) source.burst(AVC_HEADER, AAC_HEADER, KEY(at), AAC(at));
    expect(new Set(source.story)).toEqual(
      new Set(
        Array.from({ length: 58 }, (_, i) => [
          `video ${2000 + i * 1000} start`,
          `audio ${2000 + i * 1000}`,
        ]).flat(),
      ),
    );
  });

  it('gives metadata no time, at once, and other data unchanged', () => {
    const source = running();
    source.burst(makeFrame('data', 5000, METADATA({ width: 5 }).payload));
    expect(source.story).toEqual(['data 0 header']);
    const text = data(9, 'onTextData', { text: 'x' });
    source.burst(text, AAC(1046));
    expect(source.got[0]?.frame.payload).toEqual(text.payload);
  });

  it('holds no more data than is sane where no frame comes', () => {
    const source = running();
    for (let i = 0; i < 1000; i += 1) source.burst(data(0, 'onTextData', `${i}`));
    source.burst(AAC(1046));
    expect(source.got).toHaveLength(65);
    expect(decodeAmf0(source.got[63]?.frame.payload ?? Buffer.alloc(0))).toEqual(['onTextData', '999']);
    const large = running();
    for (let i = 0; i < 10; i += 1) large.burst(makeFrame('data', 0, Buffer.alloc(100_000, 2)));
    large.burst(AAC(1046));
    expect(large.got).toHaveLength(3);
  });

  it('wraps to 32 bits', () => {
    const source = new Source().burst(AVC_HEADER, KEY(2 ** 32 - 20), INTER(20));
    expect(source.story).toEqual([`video ${2 ** 32 - 20} header`, `video ${2 ** 32 - 20} start`, 'video 20']);
  });
});

describe('SourceIntake, starts', () => {
  it('is not at a tag of which nothing follows its header, and nobody gets that', () => {
    const source = new Source().burst(AVC_HEADER, AAC_HEADER, BOTH_ANNOUNCED);
    const cut = [
      video(0, '17'),
      video(0, '17 01'),
      video(0, '17 01 000000'),
      video(0, '27 01 000000'),
      video(0, '91 61763031'),
      video(0, '96 01 61763031 00'),
      audio(0, 'af'),
      audio(0, 'af 01'),
      audio(0, '72'),
      audio(0, '91 4f707573'),
    ];
    source.story;
    source.burst(...cut, KEY(0), AAC(0));
    expect(source.story).toEqual(['video 0 header', 'audio 0 header', 'video 0 start', 'audio 0']);
  });

  it('starts at keyframes, near GOPs of 15 s', () => {
    const source = new Source().burst(AVC_HEADER, AAC_HEADER);
    for (const at of [0, 15_000, 30_000])
      source.live([KEY], at, at + 40).live([INTER, AAC], at + 40, at + 15_000);
    expect(source.starts).toEqual(['video 0 start', 'video 15000 start', 'video 30000 start']);
  });

  it('starts with sound at once where no picture is announced', () => {
    expect(new Source().burst(METADATA({ audiocodecid: 10 }), AAC_HEADER, AAC(0)).firstStart).toBe(
      'audio 0 start',
    );
    expect(new Source().burst(AAC_HEADER, AAC(0)).firstStart).toBe('audio 0 start');
  });

  it.each([
    ['announced', BOTH_ANNOUNCED],
    ['promised by a header', AVC_HEADER],
  ])(
    'starts with sound after 1.5 s where a picture is %s and does not come, and adds it when it does',
    (_name, first) => {
      const source = new Source().burst(first, AAC_HEADER).live([AAC], 0, 3000, 20);
      expect(source.firstStart).toBe('audio 1500 start');
      source.burst(AVC_HEADER).live([KEY], 3000, 3040).live([INTER, AAC], 3040, 3200);
      expect(source.starts).toEqual(['video 3000 start']);
      expect(source.tracks).toBe('audio+video');
    },
  );

  it('does the same in a burst that catches up, and counts no stall of the network', () => {
    const burst = new Source().burst(BOTH_ANNOUNCED, ...Array.from({ length: 100 }, (_, i) => AAC(i * 20)));
    expect(burst.firstStart).toBe('audio 1500 start');
    const stalled = new Source().burst(BOTH_ANNOUNCED).live([AAC], 0, 100, 20).live([], 0, 8000);
    expect(stalled.burst(AAC(120), KEY(140)).starts).toEqual(['video 140 start']);
  });

  it('starts with sound 2 s after the camera went off, near the present, and with pictures at a keyframe again', () => {
    const source = running()
      .live([INTER, AAC], 1080, 3000)
      .burst(...[3000, 3020].map(AAC));
    expect(source.starts).toEqual([]);
    source.live([AAC], 3040, 70_000, 20);
    const starts = source.starts;
    expect(starts[0]).toBe('audio 4960 start');
    expect(starts.at(-1)).toBe('audio 69980 start');
    expect(source.tracks).toBe('audio');
    source.burst(INTER(70_000), AAC(70_000), KEY(70_040), AAC(70_040), INTER(70_080));
    expect(source.story).toContain('video 70000');
    expect(source.tracks).toBe('audio+video');
  });

  it('gives the headers of a track again that joiners did not get while it was away', () => {
    const source = running().live([AAC], 1040, 20_000);
    expect(source.headers()).toEqual(bytesOf(AAC_HEADER));
    source.got.length = 0;
    source.burst(KEY(20_000), INTER(20_040));
    expect(source.story).toEqual(['video 20000 header', 'video 20000 start', 'video 20040']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('starts at any picture where no keyframe comes within 2 s', () => {
    const source = new Source().burst(AVC_HEADER).live([INTER, AAC], 0, 4000);
    const { starts } = source;
    expect(starts[0]).toBe('video 2000 start');
    expect(starts).toHaveLength(50);
  });

  it('starts at recovery points, by number and by fourcc, with and without composition time', () => {
    const sei = '00000006 0606 02 09c4 80 00000002 4188';
    for (const [header, refresh] of [
      [AVC_HEADER, `27 01 000000 ${sei}`],
      [video(0, '90 61766331', AVCC_720), `a1 61766331 000000 ${sei}`],
      [video(0, '90 61766331', AVCC_720), `a3 61766331 ${sei}`],
      [HEVC_HEADER, 'a3 68766331 00000006 4e01 06 01 d0 80 00000002 0201'],
      [HEVC_HEADER, 'a1 68766331 000000 00000006 4e01 06 01 d0 80 00000002 0201'],
    ] as const) {
      expect(new Source().burst(header, video(0, refresh)).firstStart).toBe('video 0 start');
    }
    expect(new Source().burst(AVC_HEADER, INTER(0)).firstStart).toBeUndefined();
  });

  it('starts near the present where the last keyframe was long ago', () => {
    const source = running().live([INTER, AAC], 1080, 40_000);
    const { starts } = source;
    expect(starts[0]).toBe('video 21040 start');
    expect(starts.at(-1)).toBe('video 39960 start');
  });
});

describe('SourceIntake, tracks', () => {
  it.each([
    [
      'H.264 and A-law',
      () => new Source().burst(AVC_HEADER, KEY(0)).live([INTER, ALAW], 40, 80),
      'audio+video',
    ],
    [
      'sound first, and a picture 480 ms later',
      () => new Source().burst(AAC_HEADER).live([AAC], 0, 480, 20).burst(AVC_HEADER, KEY(480)),
      'audio+video',
    ],
    [
      'a picture first, and announced sound 200 ms later',
      () =>
        new Source()
          .burst(BOTH_ANNOUNCED, AVC_HEADER, KEY(0))
          .live([INTER], 40, 200)
          .burst(AAC_HEADER, AAC(200)),
      'audio+video',
    ],
    [
      'AAC header, but never a sound',
      () => new Source().burst(AVC_HEADER, AAC_HEADER, KEY(0)).live([INTER], 40, 2000),
      'video',
    ],
    [
      'an announced picture that never comes',
      () => new Source().burst(BOTH_ANNOUNCED).live([AAC], 0, 2000),
      'audio',
    ],
    [
      'an empty AAC header',
      () => new Source().burst(METADATA({ videocodecid: 7 }), audio(0, 'af 00'), KEY(0)),
      'video',
    ],
  ])('of %s', (_name, make, tracks) => {
    expect(make().tracks).toBe(tracks);
  });

  it.each([
    ['sound first', () => new Source().burst(AAC_HEADER).live([AAC], 0, 480, 20)],
    ['a picture first', () => new Source().burst(BOTH_ANNOUNCED, AVC_HEADER, KEY(0)).live([INTER], 40, 200)],
    ['an AAC header', () => new Source().burst(AVC_HEADER, AAC_HEADER, KEY(0)).live([INTER], 40, 1000)],
    ['metadata alone', () => new Source().burst(BOTH_ANNOUNCED).live([], 0, 100_000)],
  ])('are not decided by %s', (_name, make) => {
    expect(make().tracks).toBeNull();
  });

  it('that never came have no headers for joiners, once that is decided', () => {
    const source = new Source().burst(AVC_HEADER, AAC_HEADER, KEY(0));
    expect(source.story).toEqual(['video 0 header', 'audio 0 header', 'video 0 start']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
    source.live([INTER], 40, 2000);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
    source.got.length = 0;
    source.burst(AAC(2000), AAC(2023));
    expect(source.story).toEqual(['audio 2000 header', 'audio 2000', 'audio 2023']);
  });

  it('that send a header long after it was decided do not have it given before a frame', () => {
    const source = new Source().burst(AVC_HEADER, KEY(0)).live([INTER], 40, 2000);
    source.got.length = 0;
    source.burst(AAC_HEADER, INTER(2000));
    expect(source.story).toEqual(['video 2000']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
  });
});

describe('SourceIntake, whatever comes', () => {
  const start = fc.constantFrom(
    '',
    '17 00 000000',
    '17 01 000000',
    '27 01 000000 00000006 0606 02 09c4 80',
    'af 00',
    'af 01',
    '72',
    '57',
    '90 68766331',
    '93 68766331',
    '96 13 68766331 00 000001',
    'a6 03 68766331 01',
    'a6 23 68766331 00 000001 aa 61766331',
    '97 02',
    '95 11 6d703461 00 000001',
    '02000a6f6e4d65746144617461 08 00000001',
  );
  const frame = fc.record({
    kind: fc.constantFrom('audio' as const, 'video' as const, 'data' as const),
    at: fc.oneof(fc.nat(5000), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    start,
    rest: fc.uint8Array({ maxLength: 50 }),
    after: fc.oneof(fc.constant(20), fc.nat(20_000)),
  });

  it('throws at nothing, holds its promises, and is the same for two members', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 60 }), (frames) => {
        const first = new SourceIntake(0);
        const second = new SourceIntake(12_345);
        let now = 0;
        for (const { kind, at, start: head, rest, after } of frames) {
          now += after;
          const made = makeFrame(kind, at, Buffer.concat([hex(head), rest]));
          const taken = first.take(made, now);
          expect(second.take(made, now + 12_345)).toEqual(taken);
          for (const { frame: given, isStart, startsAnew } of taken) {
            expect(given.timestampMs).toBe(given.timestampMs >>> 0);
            expect(given.payload.length).toBeGreaterThan(0);
            if (isStart || startsAnew) expect(given.kind).not.toBe('data');
            if (isStart) expect(given.isHeader).toBe(false);
          }
          for (const header of first.headersAt(at)) expect(header.isHeader).toBe(true);
          first.tracksAt(now);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same line and starts however frames come to it', () => {
    const live = new Source().burst(BOTH_ANNOUNCED, AVC_HEADER, AAC_HEADER);
    const burst = new Source().burst(BOTH_ANNOUNCED, AVC_HEADER, AAC_HEADER);
    for (let at = 0; at < 30_000; at += 5000) {
      const restart = at >= 10_000 ? at - 10_000 : at + 100_000;
      const gop = [
        KEY(restart),
        ...Array.from({ length: 100 }, (_, i) => [
          INTER(restart + 40 + i * 40),
          AAC(restart + i * 40),
        ]).flat(),
      ];
      burst.burst(...gop);
      for (const one of gop) live.live([() => one], 0, 20, 20);
    }
    expect(burst.story).toEqual(live.story);
  });
});
