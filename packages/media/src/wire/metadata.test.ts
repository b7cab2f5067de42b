import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedTracks, metadataValues, readMetadata, writeMetadata } from './metadata.js';
import { AmfEcmaArray, type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from './rtmp/amf0.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const name = (text: string): Buffer => Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)]);
const entry = (key: string, value: AmfValue): Buffer => Buffer.concat([name(key), encodeAmf0(value)]);
const HEAD = encodeAmf0('onMetaData');
const END = hex('000009');

/** By a strict reader: what players see. */
function seen(payload: Buffer): Record<string, AmfValue> {
  const [message, entries, ...rest] = decodeAmf0(payload);
  expect(message).toBe('onMetaData');
  expect(rest).toEqual([]);
  const read = { ...amfObject(entries) };
  // `toEqual` would not tell an entry that is undefined from none.
  expect(Object.values(read)).not.toContain(undefined);
  return read;
}

const rewritten = (payload: Buffer): Record<string, AmfValue> =>
  seen(writeMetadata(readMetadata(payload), {}));

/** `ffmpeg -flvflags add_keyframe_index` to a pipe: the outer array of 25 entries has no end, `keyframes` is empty. */
const KEYFRAME_INDEX = Buffer.concat([
  HEAD,
  hex('08 00000019'),
  entry('duration', 0),
  entry('width', 320),
  entry('height', 180),
  entry('framerate', 25),
  entry('videocodecid', 7),
  entry('stereo', false),
  entry('audiocodecid', 10),
  entry('encoder', 'Lavf59.27.100'),
  entry('filesize', 0),
  entry('hasVideo', true),
  entry('hasKeyframes', true),
  entry('hasAudio', true),
  entry('hasMetadata', true),
  entry('canSeekToEnd', true),
  entry('datasize', 0),
  entry('videosize', 0),
  entry('audiosize', 0),
  entry('lasttimestamp', 0),
  entry('lastkeyframetimestamp', 0),
  entry('lastkeyframelocation', 0),
  name('keyframes'),
  hex('03 000009'),
]);

describe('readMetadata', () => {
  it('reads what ffmpeg leaves without an end, and writes what a strict reader reads', () => {
    expect(() => decodeAmf0(KEYFRAME_INDEX)).toThrow();
    expect(rewritten(KEYFRAME_INDEX)).toEqual({
      width: 320,
      height: 180,
      framerate: 25,
      videocodecid: 7,
      stereo: false,
      audiocodecid: 10,
      encoder: 'Lavf59.27.100',
    });
  });

  it.each([
    ['an object', encodeAmf0('onMetaData', { a: 1, b: 'x' })],
    ['an ECMA array', encodeAmf0('onMetaData', new AmfEcmaArray({ a: 1, b: 'x' }))],
    ['a typed object', Buffer.concat([HEAD, hex('10'), name('T'), entry('a', 1), entry('b', 'x'), END])],
    [
      'a count that is too small',
      Buffer.concat([HEAD, hex('08 00000001'), entry('a', 1), entry('b', 'x'), END]),
    ],
    ['a count that is huge', Buffer.concat([HEAD, hex('08 ffffffff'), entry('a', 1), entry('b', 'x'), END])],
    ['something before', Buffer.concat([HEAD, hex('05'), encodeAmf0({ a: 1, b: 'x' })])],
    ['junk after', Buffer.concat([encodeAmf0('onMetaData', { a: 1, b: 'x' }), hex('ff00ff')])],
    ['no end', Buffer.concat([HEAD, hex('03'), entry('a', 1), entry('b', 'x')])],
    ['half an end', Buffer.concat([HEAD, hex('03'), entry('a', 1), entry('b', 'x'), hex('0000')])],
    ['a cut entry', Buffer.concat([HEAD, hex('03'), entry('a', 1), entry('b', 'x'), hex('000163 00 40')])],
    ['an unknown type', Buffer.concat([HEAD, hex('03'), entry('a', 1), entry('b', 'x'), hex('000163 42')])],
    ['a long string', Buffer.concat([HEAD, hex('03'), entry('a', 1), name('b'), hex('0c 00000001 78'), END])],
    ['an entry twice', Buffer.concat([HEAD, hex('03'), entry('a', 5), entry('a', 1), entry('b', 'x'), END])],
    ['an empty name', Buffer.concat([HEAD, hex('03'), hex('0000 05'), entry('a', 1), entry('b', 'x'), END])],
  ])('reads entries with %s', (_name, payload) => {
    expect(rewritten(payload)).toEqual({ a: 1, b: 'x' });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a name alone', HEAD],
    ['no entries', encodeAmf0('onMetaData', 'x', 1)],
    ['a cut name', HEAD.subarray(0, 8)],
    ['noise', hex('ffffffffff')],
  ])('is null for %s', (_name, payload) => {
    expect(readMetadata(payload)).toBeNull();
  });

  it('leaves out numbers that are none: NaN and what has no end', () => {
    const payload = Buffer.concat([
      HEAD,
      hex('08 00000000'),
      ...['7ff8000000000000', '7ff0000000000000', 'fff0000000000000', '4039000000000000'].map((number, i) =>
        Buffer.concat([name(i === 3 ? 'framerate' : `odd${i}`), hex(`00 ${number}`)]),
      ),
      END,
    ]);
    expect(seen(writeMetadata(readMetadata(payload), {}))).toEqual({ framerate: 25 });
  });

  it('keeps dates, and of nested values what tells of tracks', () => {
    const map = { 1: { width: 640 } };
    const payload = Buffer.concat([
      HEAD,
      hex('08 00000000'),
      name('creationdate'),
      hex('0b 4276b8e4a0000000 0000'),
      entry('videoTrackIdInfoMap', map),
      entry('audioTrackIdInfoMap', map),
      entry('custom', { nested: 1 }),
      entry('list', [1, 2, 3]),
      entry('nothing', null),
      END,
    ]);
    const written = writeMetadata(readMetadata(payload), {});
    expect(Object.keys(seen(written))).toEqual([
      'creationdate',
      'videoTrackIdInfoMap',
      'audioTrackIdInfoMap',
    ]);
    expect(written.includes(hex('0b 4276b8e4a0000000 0000'))).toBe(true);
    expect(seen(written)).toMatchObject({ videoTrackIdInfoMap: map });
  });

  it.each([
    'duration',
    'totalduration',
    'starttime',
    'filesize',
    'bytelength',
    'datasize',
    'videosize',
    'audiosize',
    'lasttimestamp',
    'lastkeyframetimestamp',
    'lastkeyframelocation',
    'keyframes',
    'seekpoints',
    'cuepoints',
    'canSeekToEnd',
    'hasVideo',
    'hasAudio',
    'hasMetadata',
    'hasKeyframes',
    'hasCuePoints',
  ])('leaves out %s, which is of files, in any letter case', (key) => {
    const entries = { [key]: 1, [key.toLowerCase()]: 1, [key.toUpperCase()]: 1, encoder: 'x' };
    expect(rewritten(encodeAmf0('onMetaData', entries))).toEqual({ encoder: 'x' });
  });

  it('writes long strings as short ones, which every player knows', () => {
    const payload = Buffer.concat([HEAD, hex('03'), name('a'), hex('0c 00000002 6869'), entry('b', 1), END]);
    expect(rewritten(payload)).toEqual({ a: 'hi', b: 1 });
    expect(writeMetadata(readMetadata(payload), {}).includes(encodeAmf0('hi'))).toBe(true);
  });

  it('passes over no more than 4 values before the entries', () => {
    const after = (nulls: number) =>
      readMetadata(Buffer.concat([HEAD, Buffer.alloc(nulls, 5), encodeAmf0({ a: 1 })]));
    expect(after(4)?.size).toBe(1);
    expect(after(5)).toBeNull();
  });

  it('leaves out entries without a name, and reads on', () => {
    const payload = Buffer.concat([HEAD, hex('03'), entry('', 1), entry('b', 2), END]);
    expect(rewritten(payload)).toEqual({ b: 2 });
  });

  it('reads what a cut leaves of a typed object', () => {
    for (const cut of ['10', '1000', '100002', '100002 54', '100001 54 00'])
      expect(readMetadata(Buffer.concat([HEAD, hex(cut)]))?.size ?? 0, cut).toBe(0);
  });

  it('keeps names of 128 bytes, texts of 1023, values of 2048 and 128 entries, and nothing over', () => {
    const [fits, tooLong] = ['n'.repeat(128), 'n'.repeat(129)];
    expect(rewritten(encodeAmf0('onMetaData', { [fits]: 1, [tooLong]: 2 }))).toEqual({ [fits]: 1 });
    // Bytes count, not characters.
    const values = { a: 'x'.repeat(1023), b: 'x'.repeat(1024), c: 'я'.repeat(512), d: 'я'.repeat(511) };
    expect(rewritten(encodeAmf0('onMetaData', values))).toEqual({ a: values.a, d: values.d });
    const long = (bytes: number) =>
      hex(`0001 65 0c ${bytes.toString(16).padStart(8, '0')} ${'78'.repeat(bytes)}`);
    const cut = (bytes: number) => Buffer.concat([HEAD, hex('03'), long(bytes), hex('000009')]);
    expect([1023, 1024].map((bytes) => Object.keys(rewritten(cut(bytes))))).toEqual([['e'], []]);
    // A map is its type, each entry with its name and type, and its end.
    const map = (more: number) =>
      encodeAmf0('onMetaData', {
        videoTrackIdInfoMap: { a: 'x'.repeat(1000), b: 'x'.repeat(1000), c: 'x'.repeat(more) },
      });
    const head = 1 + 3 * (3 + 3) + 2000 + 3;
    expect([0, 1].map((over) => Object.keys(rewritten(map(2048 - head + over))))).toEqual([
      ['videoTrackIdInfoMap'],
      [],
    ]);
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`e${i}`, i]));
    expect(Object.keys(rewritten(encodeAmf0('onMetaData', many)))).toHaveLength(128);
  });

  it('writes 16,384 bytes of the entries, and no entry over', () => {
    const strings = (lastBytes: number) =>
      Object.fromEntries(
        Array.from({ length: 17 }, (_, i) => [
          `n${i % 10}${i < 10 ? '' : 'x'}`,
          'x'.repeat(i < 16 ? 1000 : lastBytes),
        ]),
      );
    // Name, type and length with each: ten of 1005 bytes, six of 1006, and what is left.
    const left = 16_384 - 10 * 1005 - 6 * 1006 - 6;
    expect(Object.keys(rewritten(encodeAmf0('onMetaData', strings(left))))).toHaveLength(17);
    expect(Object.keys(rewritten(encodeAmf0('onMetaData', strings(left + 1))))).toHaveLength(16);
  });

  it('passes over an index of any size in linear time, and writes a bounded message', () => {
    const times = Array.from({ length: 200_000 }, (_, i) => i * 2);
    const big = encodeAmf0(
      'onMetaData',
      new AmfEcmaArray({ width: 1, keyframes: { times, filepositions: times }, height: 2 }),
    );
    expect(rewritten(big)).toEqual({ width: 1, height: 2 });
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`name${i}`, 'x'.repeat(1000)]));
    const written = writeMetadata(readMetadata(encodeAmf0('onMetaData', many)), {});
    expect(written.length).toBeLessThan(20_000);
    expect(Object.keys(seen(written)).length).toBeGreaterThan(10);
    const deep = Buffer.concat([HEAD, hex('03'), ...Array.from({ length: 50_000 }, () => hex('000161 03'))]);
    expect(rewritten(deep)).toEqual({});
    const long = { ['n'.repeat(200)]: 1, s: 'x'.repeat(5000), ok: 1 };
    expect(rewritten(encodeAmf0('onMetaData', long))).toEqual({ ok: 1 });
  });

  it('throws at nothing, and what is written is sound and stays as it is', () => {
    const start = fc.constantFrom(
      HEAD,
      Buffer.concat([HEAD, hex('08 00000002')]),
      KEYFRAME_INDEX,
      Buffer.alloc(0),
    );
    const cut = fc.nat(600);
    fc.assert(
      fc.property(start, cut, fc.uint8Array({ maxLength: 120 }), (head, length, rest) => {
        const written = writeMetadata(readMetadata(Buffer.concat([head.subarray(0, length), rest])), {});
        seen(written);
        expect(writeMetadata(readMetadata(written), {}).equals(written)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('announcedTracks', () => {
  it.each([
    [
      { videocodecid: 7, audiocodecid: 10 },
      { audio: true, video: true },
    ],
    [{ videocodecid: 7 }, { audio: false, video: true }],
    [{ audiocodecid: 10 }, { audio: true, video: false }],
    [
      { videocodecid: 0, audiocodecid: 10 },
      { audio: true, video: false },
    ],
    [
      { videocodecid: 'avc1', audiocodecid: 'mp4a' },
      { audio: true, video: true },
    ],
    [
      { videocodecid: 'avc1', audiocodecid: '' },
      { audio: false, video: true },
    ],
    [
      { hasVideo: true, hasAudio: false },
      { audio: false, video: true },
    ],
    [
      { width: 640, height: 360 },
      { audio: false, video: true },
    ],
    [
      { width: 0, audiosamplerate: 44_100 },
      { audio: true, video: false },
    ],
    [{ encoder: 'x' }, null],
    [{ hasAudio: true }, { audio: true, video: false }],
    [{ hasVideo: false }, { audio: false, video: false }],
    [{ videodatarate: 500 }, { audio: false, video: true }],
    [{ audiodatarate: 128 }, { audio: true, video: false }],
    [{ audiosamplerate: 0, audiodatarate: 0 }, null],
    [{ height: 360 }, null],
  ])('of %j', (entries, tracks) => {
    const metadata = readMetadata(encodeAmf0('onMetaData', entries));
    expect(metadata && announcedTracks(metadata)).toEqual(tracks);
  });
});

describe('writeMetadata', () => {
  const write = (entries: Record<string, AmfValue>, known: Parameters<typeof writeMetadata>[1]) =>
    seen(writeMetadata(readMetadata(encodeAmf0('onMetaData', entries)), known));

  it('puts in what is known: the true codec and size, and of sound what is missing', () => {
    const video = { codecId: 7, width: 1280, height: 720 };
    const audio = { codecId: 10, sampleRateHz: 48_000, channels: 2 };
    const full = {
      videocodecid: 7,
      width: 1280,
      height: 720,
      audiocodecid: 10,
      audiosamplerate: 48_000,
      audiochannels: 2,
      stereo: true,
    };
    expect(write({}, { video, audio })).toEqual(full);
    expect(
      write(
        { width: 1, height: 0, videocodecid: 2, audiosamplerate: 96_000, framerate: 30 },
        { video, audio },
      ),
    ).toEqual({
      ...full,
      audiosamplerate: 96_000,
      framerate: 30,
    });
    expect(seen(writeMetadata(null, { video: { codecId: 12 } }))).toEqual({ videocodecid: 12 });
  });

  it('puts in nothing that is not known', () => {
    expect(write({}, { video: { codecId: 7, width: 640 } })).toEqual({ videocodecid: 7 });
    expect(write({}, { video: { codecId: 7, height: 360 } })).toEqual({ videocodecid: 7 });
    expect(write({ width: 1, height: 2 }, { video: { codecId: 7, width: 640 } })).toEqual({
      videocodecid: 7,
      width: 1,
      height: 2,
    });
    expect(write({}, { audio: { codecId: 10 } })).toEqual({ audiocodecid: 10 });
    expect(write({}, { audio: { codecId: 10, sampleRateHz: 8000 } })).toEqual({
      audiocodecid: 10,
      audiosamplerate: 8000,
    });
    expect(write({}, { audio: { codecId: 10, channels: 1 } })).toEqual({
      audiocodecid: 10,
      audiochannels: 1,
      stereo: false,
    });
  });

  it.each([
    ['video', ['videocodecid', 'width', 'height', 'framerate', 'fps', 'videodatarate']],
    [
      'audio',
      ['audiocodecid', 'audiosamplerate', 'audiosamplesize', 'audiochannels', 'audiodatarate', 'stereo'],
    ],
  ] as const)('leaves out each entry of %s where there is none', (kind, names) => {
    const entries = Object.fromEntries(names.map((each) => [each, 1]));
    expect(write(entries, {})).toEqual(entries);
    expect(write({ ...entries, encoder: 'x' }, { [kind]: null })).toEqual({ encoder: 'x' });
  });

  it('leaves out what speaks of a track that is not there', () => {
    const entries = {
      videocodecid: 7,
      width: 640,
      framerate: 25,
      audiocodecid: 10,
      stereo: true,
      encoder: 'x',
    };
    expect(write(entries, { video: null })).toEqual({ audiocodecid: 10, stereo: true, encoder: 'x' });
    expect(write(entries, { audio: null })).toEqual({
      videocodecid: 7,
      width: 640,
      framerate: 25,
      encoder: 'x',
    });
  });

  it('is an ECMA array with a true count: ffmpeg reads which tracks there are from no other', () => {
    const written = writeMetadata(readMetadata(encodeAmf0('onMetaData', { a: 1, duration: 5 })), {
      audio: { codecId: 2 },
    });
    expect(written.toString('hex')).toBe(
      Buffer.concat([HEAD, hex('08 00000002'), entry('a', 1), entry('audiocodecid', 2), END]).toString('hex'),
    );
  });

  it('tells values that were read', () => {
    const metadata = readMetadata(
      Buffer.concat([HEAD, hex('03'), name('when'), hex('0b 4276b8e4a0000000 0000'), entry('a', 1)]),
    );
    expect(Object.entries(metadataValues(metadata ?? new Map()))).toEqual([['a', 1]]);
    const all = readMetadata(encodeAmf0('onMetaData', { a: 1, b: true, c: 'x', d: null }));
    expect({ ...metadataValues(all ?? new Map()) }).toEqual({ a: 1, b: true, c: 'x' });
  });
});
