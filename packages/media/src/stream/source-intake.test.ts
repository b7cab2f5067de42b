import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AVCC_720, AVCC_1080, HVCC_322 } from '../testing/configurations.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../wire/rtmp/amf0.js';
import { SourceIntake } from './source-intake.js';
import type { TakenFrame } from './taken-frame.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const video = (at: number, bytes: string, body: Buffer = Buffer.alloc(0)): Frame =>
  makeFrame('video', at, Buffer.concat([hex(bytes), body]));
const audio = (at: number, bytes: string): Frame => makeFrame('audio', at, hex(bytes));
const data = (at: number, ...values: AmfValue[]): Frame => makeFrame('data', at, encodeAmf0(...values));

const AVC_HEADER = video(0, '17 00 000000', AVCC_720);
const OTHER_AVC_HEADER = video(0, '17 00 000000', AVCC_1080);
const HEVC_HEADER = video(0, '90 68766331', HVCC_322);
const AAC_HEADER = audio(0, 'af 00 1210');
const KEY = (at: number): Frame => video(at, '17 01 000000 00000002 6588');
const INTER = (at: number): Frame => video(at, '27 01 000000 00000002 4188');
const HEVC_KEY = (at: number): Frame => video(at, '93 68766331 00000002 2601');
const AAC = (at: number): Frame => audio(at, 'af 01 21');
const ALAW = (at: number): Frame => audio(at, '72 d5d5');
const METADATA = (entries: Record<string, AmfValue>): Frame =>
  data(0, '@setDataFrame', 'onMetaData', entries);
const BOTH_ANNOUNCED = METADATA({ videocodecid: 7, audiocodecid: 10 });

/** As a test reads it: `video 40 start`, `audio 0 header anew`. */
function told({ frame, isStart, startsAnew }: TakenFrame): string {
  const { kind, timestampMs, isHeader } = frame;
  const what = [isHeader && 'header', isStart && 'start', startsAnew && 'anew'].filter(Boolean);
  return [kind, timestampMs, ...what].join(' ');
}

class Source {
  readonly intake = new SourceIntake(0);
  readonly got: TakenFrame[] = [];
  #nowMs = 0;

  /** They come all at once. */
  burst(...frames: Frame[]): this {
    for (const frame of frames) this.got.push(...this.intake.take(frame, this.#nowMs));
    return this;
  }

  /** Frames come so many ms apart, as their timestamps say. */
  live(kinds: readonly ((at: number) => Frame)[], from: number, to: number, stepMs = 40): this {
    for (let at = from; at < to; at += stepMs) {
      for (const kind of kinds) this.burst(kind(at));
      this.#nowMs += stepMs;
    }
    return this;
  }

  get story(): string[] {
    return this.got.splice(0).map(told);
  }

  /** When players could first start among what came. */
  get firstStart(): string | undefined {
    return this.story.find((line) => line.includes('start'));
  }

  get starts(): string[] {
    return this.story.filter((line) => line.includes('start'));
  }

  get tracks(): string | null {
    const tracks = this.intake.tracksAt(this.#nowMs);
    return tracks && [tracks.audio && 'audio', tracks.video && 'video'].filter(Boolean).join('+');
  }

  /** What a joiner is given first: bytes, but for metadata. */
  headers(at = 0): string[] {
    return this.intake
      .headersAt(at)
      .filter(({ kind }) => kind !== 'data')
      .map(({ payload }) => payload.toString('hex'));
  }

  get metadata(): Record<string, AmfValue> | null {
    const frame = this.intake.headersAt(77).find(({ kind }) => kind === 'data');
    if (frame === undefined) return null;
    expect(frame).toMatchObject({ timestampMs: 0, isHeader: true });
    const [name, entries] = decodeAmf0(frame.payload);
    expect(name).toBe('onMetaData');
    return { ...amfObject(entries) };
  }
}

const bytesOf = (...frames: Frame[]): string[] => frames.map(({ payload }) => payload.toString('hex'));

/** Both tracks are there, players have started. */
const running = (): Source => {
  const source = new Source().burst(AVC_HEADER, AAC_HEADER, KEY(1000), AAC(1000), INTER(1040), AAC(1023));
  source.got.length = 0;
  return source;
};

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
    expect(source.got[0]?.frame.payload).toBe(text.payload);
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

describe('SourceIntake, decoder configuration', () => {
  it.each([
    ['a command', '57 00'],
    ['a command of HEVC', '5c 00'],
    ['an enhanced command', 'd1 00'],
    ['an empty header', '17 00 000000'],
    ['a cut header', '17 00 000000 0164001fffe1'],
    ['a header of noise', '17 00 000000 ffffffffffffffff'],
    ['an empty enhanced header', '90 61766331'],
    ['an end', '17 02 000000'],
    ['a cut enhanced tag', '90 6176'],
    ['nothing', ''],
  ])('is not replaced by %s, which goes nowhere', (_name, bytes) => {
    const source = running();
    source.burst(video(1050, bytes), INTER(1080));
    expect(source.story).toEqual(['video 1080']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('starts anew at the header of the track that changed, not at the first header of another', () => {
    const source = new Source().burst(AVC_HEADER, KEY(0), AAC_HEADER, OTHER_AVC_HEADER, INTER(40));
    expect(source.story.slice(2)).toEqual(['audio 40 header', 'video 40 header anew', 'video 40']);
  });

  it.each(['af 00', 'af 00 12', 'af 00 0000', 'af 02'])('of sound is not replaced by %s', (bytes) => {
    const source = running();
    source.burst(audio(1050, bytes), AAC(1046));
    expect(source.story).toEqual(['audio 1046']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('may be one that cannot be understood where there is no better one, until there is', () => {
    const odd = video(0, '17 00 000000 07');
    const source = new Source().burst(odd, KEY(0));
    expect(source.headers()).toEqual(bytesOf(odd));
    source.burst(AVC_HEADER, KEY(40));
    expect(source.story.slice(2)).toEqual(['video 40 header anew', 'video 40 start']);
    source.burst(odd, INTER(80));
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
  });

  it('stays as it is when it is sent again', () => {
    const source = running();
    source.burst(AVC_HEADER, AAC_HEADER, INTER(1080), AAC(1046));
    expect(source.story).toEqual(['video 1080', 'audio 1046']);
    source.burst(OTHER_AVC_HEADER, AVC_HEADER, INTER(1120));
    expect(source.story).toEqual(['video 1120']);
  });

  it('counts from the frame that it stands before: until then joiners get the old one', () => {
    const source = running();
    source.burst(OTHER_AVC_HEADER, AAC(1046));
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.video).toMatchObject({ height: 720 });
    source.burst(KEY(1080));
    expect(source.headers()).toEqual(bytesOf(OTHER_AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.video).toMatchObject({ height: 1080 });
    expect(source.story).toEqual(['audio 1046', 'video 1080 header anew', 'video 1080 start']);
  });

  it('begins a new start with the next keyframe where it changes amid a GOP', () => {
    const source = running();
    source.burst(OTHER_AVC_HEADER, INTER(1080), AAC(1090), INTER(1120), KEY(1160));
    expect(source.story).toEqual([
      'video 1080 header anew',
      'video 1080',
      'audio 1090',
      'video 1120',
      'video 1160 start',
    ]);
    source.burst(audio(0, 'af 00 1190'), AAC(1180), INTER(1200), KEY(1240));
    expect(source.story).toEqual(['audio 1180 header anew', 'audio 1180', 'video 1200', 'video 1240 start']);
    expect(source.intake.media.audio).toEqual({ codec: 'aac', sampleRateHz: 48_000, channels: 2 });
  });

  it('goes with its codec: AAC, then A-law', () => {
    const source = running();
    source.burst(ALAW(1046), ALAW(1066), KEY(1080));
    expect(source.story).toEqual(['audio 1046 anew', 'audio 1066', 'video 1080 start']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
    expect(source.intake.media.audio).toEqual({ codec: 'pcm_alaw', sampleRateHz: 8000, channels: 1 });
    source.burst(AAC_HEADER, AAC(1090));
    expect(source.story).toEqual(['audio 1090 header anew', 'audio 1090']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.audio).toMatchObject({ codec: 'aac', sampleRateHz: 44_100 });
  });

  it('changes with rate and channels of sound that has no other configuration', () => {
    const source = new Source().burst(audio(0, '2f ff'), audio(26, '2f ff'), audio(52, '2e ff'));
    expect(source.story).toEqual(['audio 0 start', 'audio 26 start', 'audio 52 start anew']);
    expect(source.intake.media.audio).toMatchObject({ channels: 1 });
  });

  it.each([
    ['AVC to HEVC', AVC_HEADER, KEY, HEVC_HEADER, HEVC_KEY, 'hevc'],
    ['HEVC to AVC', HEVC_HEADER, HEVC_KEY, AVC_HEADER, KEY, 'h264'],
    [
      'AVC by number to AVC by fourcc',
      AVC_HEADER,
      KEY,
      video(0, '90 61766331', AVCC_720),
      (at: number) => video(at, '93 61766331 00000002 6588'),
      'h264',
    ],
  ] as const)('goes from %s', (_name, header, key, nextHeader, nextKey, codec) => {
    const source = new Source().burst(header, key(0), nextHeader);
    expect(source.headers()).toEqual(bytesOf(header));
    source.burst(nextKey(40));
    expect(source.story.slice(2)).toEqual(['video 40 header anew', 'video 40 start']);
    expect(source.headers()).toEqual(bytesOf(nextHeader));
    expect(source.intake.media.video).toMatchObject({ codec });
  });

  it('does not come into force with frames of another codec', () => {
    const source = running();
    source.burst(HEVC_HEADER, INTER(1080));
    expect(source.story).toEqual(['video 1080']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('takes colour information along, and starts nothing anew for it', () => {
    const colour = video(0, '94 68766331 0a0b');
    const source = new Source().burst(HEVC_HEADER, HEVC_KEY(0), colour, HEVC_KEY(40));
    expect(source.story.slice(2)).toEqual(['video 40 header', 'video 40 start']);
    expect(source.headers()).toEqual(bytesOf(HEVC_HEADER, colour));
  });

  it('is stamped for the joiner', () => {
    const source = running();
    expect(source.intake.headersAt(4711).map(({ timestampMs }) => timestampMs)).toEqual([4711, 4711]);
  });
});

describe('SourceIntake, metadata', () => {
  it('is taken back by its encoder: players are told what is known without it, and nothing of the word itself', () => {
    const source = running();
    const clear = data(1050, '@clearDataFrame', 'onMetaData');
    source.burst(clear);
    expect([source.story, source.metadata]).toEqual([[], null]);
    source.burst(METADATA({ encoder: 'x' }), clear, data(1050, '@clearDataFrame', 'onTextData'), INTER(1080));
    expect(source.story).toEqual(['data 0 header', 'data 0 header', 'video 1080']);
    expect(source.metadata).not.toHaveProperty('encoder');
    expect(source.metadata).toMatchObject({ videocodecid: 7, width: 1280 });
    source.burst(METADATA({ encoder: 'x' }));
    expect(source.metadata).toMatchObject({ encoder: 'x' });
  });

  it('is written anew with what is known, for whoever joins', () => {
    const entries = { duration: 0, width: 1, height: 1, encoder: 'x', videocodecid: 7 };
    const source = new Source().burst(METADATA(entries), AVC_HEADER, AAC_HEADER);
    expect(source.got).toHaveLength(1);
    expect(source.metadata).toEqual({ width: 1, height: 1, encoder: 'x', videocodecid: 7 });
    source.burst(KEY(0), AAC(0));
    expect(source.metadata).toEqual({
      encoder: 'x',
      videocodecid: 7,
      width: 1280,
      height: 720,
      audiocodecid: 10,
      audiosamplerate: 44_100,
      audiochannels: 2,
      stereo: true,
    });
  });

  it('tells codecs that have no number by fourcc', () => {
    const source = new Source().burst(METADATA({}), HEVC_HEADER, HEVC_KEY(0), ALAW(0));
    expect(source.metadata).toMatchObject({
      videocodecid: 0x68766331,
      audiocodecid: 7,
      width: 322,
      height: 182,
    });
  });

  it('does not speak of a track that never came', () => {
    const source = new Source().burst(BOTH_ANNOUNCED).live([AAC], 0, 3000);
    expect(source.metadata).toMatchObject({ audiocodecid: 10 });
    expect(source.metadata).not.toHaveProperty('videocodecid');
  });

  it('is not made where the source sends none', () => {
    expect(running().metadata).toBeNull();
  });

  it('that cannot be read is what we know, or nothing', () => {
    const junk = makeFrame('data', 0, Buffer.concat([encodeAmf0('onMetaData'), hex('ffff')]));
    const early = new Source().burst(junk);
    expect(early.story).toEqual([]);
    expect(early.metadata).toBeNull();
    early.burst(AVC_HEADER, KEY(0));
    expect(early.metadata).toEqual({ videocodecid: 7, width: 1280, height: 720 });
    const known = new Source().burst(METADATA({ encoder: 'x' }));
    known.burst(junk);
    expect(known.story).toEqual(['data 0 header']);
    expect(known.metadata).toEqual({ encoder: 'x' });
  });

  it('is left out when it is the same again', () => {
    const source = new Source().burst(BOTH_ANNOUNCED, BOTH_ANNOUNCED, METADATA({ encoder: 'x' }));
    expect(source.story).toEqual(['data 0 header', 'data 0 header']);
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

describe('SourceIntake, several video tracks', () => {
  const HVC1 = '68766331';
  const header = (id: number): Frame => video(0, `96 00 ${HVC1} 0${id}`, HVCC_322);
  const key =
    (id: number) =>
    (at: number): Frame =>
      video(at, `96 03 ${HVC1} 0${id} 00000002 2601`);
  const inter =
    (id: number) =>
    (at: number): Frame =>
      video(at, `a6 03 ${HVC1} 0${id} 00000002 0201`);
  const many = (first: string, at: number, ...ids: number[]): Frame =>
    video(at, `${first} 13 ${HVC1} ${ids.map((id) => `0${id} 000006 00000002 0201`).join(' ')}`);
  const idsOf = ({ frame }: TakenFrame): string => frame.payload.toString('hex');

  const both = (): Source => {
    const source = new Source().burst(HEVC_HEADER, header(1), HEVC_KEY(0), key(1)(0), inter(1)(40));
    source.got.length = 0;
    return source;
  };

  it('starts at the default track alone', () => {
    const source = new Source().burst(
      HEVC_HEADER,
      header(1),
      HEVC_KEY(0),
      key(1)(0),
      inter(1)(40),
      key(1)(80),
    );
    source.burst(inter(1)(120));
    expect(source.story).toEqual([
      'video 0 header',
      'video 0 header',
      'video 0 start',
      'video 0',
      'video 40',
      'video 80',
      'video 120',
    ]);
    expect(source.headers()).toEqual(bytesOf(HEVC_HEADER, header(1)));
  });

  it('starts at the first that came where none is track 0', () => {
    const source = new Source().burst(key(2)(0), key(1)(0), key(2)(40));
    expect(source.starts).toEqual(['video 0 start', 'video 40 start']);
  });

  it('gives no picture of another track before its own keyframe', () => {
    const source = both();
    source.burst(HEVC_KEY(80), inter(1)(80), inter(1)(120), key(1)(160), inter(1)(200));
    source.burst(inter(0)(240));
    expect(source.got.map(told)).toEqual(['video 80 start', 'video 160', 'video 200', 'video 240']);
  });

  it('puts keyframes of one moment in order, the default one’s first', () => {
    const source = both();
    source.burst(key(1)(80), HEVC_KEY(80), inter(1)(120));
    expect(source.got.map(idsOf)).toEqual(bytesOf(HEVC_KEY(80), key(1)(80), inter(1)(120)));
    expect(source.starts).toEqual(['video 80 start']);
  });

  it('does so when their configurations change together, with one start', () => {
    const source = both();
    const next = Buffer.concat([HVCC_322.subarray(0, 1), Buffer.of(2), HVCC_322.subarray(2)]);
    source.burst(
      video(0, `96 00 ${HVC1} 01`, next),
      key(1)(80),
      makeFrame('audio', 80, AAC(80).payload),
      video(0, `90 ${HVC1}`, next),
      HEVC_KEY(80),
    );
    expect(source.story).toEqual([
      'audio 80',
      'video 80 header anew',
      'video 80 start',
      'video 80 header',
      'video 80',
    ]);
    const after = both();
    after.burst(video(0, `90 ${HVC1}`, next), video(0, `96 00 ${HVC1} 01`, next), HEVC_KEY(80), key(1)(80));
    expect(after.story).toEqual(['video 80 header anew', 'video 80 start', 'video 80 header', 'video 80']);
  });

  it('begins anew where another track changes amid the GOP', () => {
    const source = both();
    const next = Buffer.concat([HVCC_322.subarray(0, 1), Buffer.of(2), HVCC_322.subarray(2)]);
    source.burst(video(0, `96 00 ${HVC1} 01`, next), inter(1)(80), HEVC_KEY(120));
    expect(source.story).toEqual(['video 80 header anew', 'video 80', 'video 120 start']);
  });

  it('reads several tracks of one message', () => {
    const source = new Source().burst(
      video(
        0,
        `96 10 ${HVC1} ${[0, 1].map((id) => `0${id} 0000${HVCC_322.length.toString(16)} ${HVCC_322.toString('hex')}`).join(' ')}`,
      ),
      many('96', 0, 0, 1),
    );
    expect(source.headers()).toEqual(bytesOf(header(0), header(1)));
    expect(source.story).toEqual(['video 0 header', 'video 0 header', 'video 0 start']);
    source.burst(many('a6', 40, 0, 1), many('96', 80, 0), many('a6', 120, 0, 1), many('a6', 160, 1));
    expect(source.got.map(idsOf)).toEqual([
      many('a6', 40, 0, 1).payload.toString('hex'),
      many('96', 80, 0).payload.toString('hex'),
      inter(0)(0).payload.toString('hex'),
    ]);
  });

  it('goes on by another track when the default one has gone', () => {
    const source = both().live([inter(1)], 80, 2200);
    source.got.length = 0;
    source.burst(key(1)(2200), inter(1)(2240));
    expect(source.story).toEqual(['video 2200 start', 'video 2240']);
  });

  it('carries no more tracks than is sane', () => {
    const source = new Source();
    for (let id = 0; id < 256; id += 1) {
      const of = id.toString(16).padStart(2, '0');
      source.burst(video(0, `96 00 ${HVC1} ${of}`, HVCC_322), video(0, `96 03 ${HVC1} ${of} 0000`));
    }
    expect(source.headers().length).toBeLessThanOrEqual(16);
  });

  it('keeps each track’s sound, whatever its id', () => {
    const source = new Source().burst(
      audio(0, '95 00 6d703461 00 1210'),
      audio(0, '95 00 6d703461 01 1190'),
      audio(0, '95 01 6d703461 00 21'),
      audio(0, '95 01 6d703461 01 21'),
      audio(23, '95 01 6d703461 01 21'),
    );
    expect(source.starts).toHaveLength(3);
    expect(source.headers()).toHaveLength(2);
    expect(source.intake.media.audio).toMatchObject({ sampleRateHz: 44_100 });
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
