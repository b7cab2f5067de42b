import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HVCC_322, STREAMINFO } from '../testing/configurations.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { MediaProbe } from './media-probe.js';

/** Made by x264: 1280x720, and 1920x1080 (cropped from 1088). */
const AVC_720 =
  '1700000000' + '0164001fffe1001b6764001facd9405005bb016a02020280000003008000001e478c18cb01000668ebe3cb22c0';
const AVC_1080 =
  '1700000000' +
  '01640028ffe1001b67640028acd940780227e5c05a808080a0000003002000000781e30632c001000668ebe3cb22c0';

const HEVC_HEADER = Buffer.from('\x90hvc1\x00', 'latin1');

describe('MediaProbe', () => {
  it.each([
    [AVC_720, 1280, 720],
    [AVC_1080, 1920, 1080],
  ])('reads the size from AVC headers', (hex, width, height) => {
    const probe = new MediaProbe();
    expect(probe.read(makeFrame('video', 0, Buffer.from(hex, 'hex')))).toBe(true);
    expect(probe.media.video).toEqual({ codec: 'h264', width, height });
  });

  it('reads rate and channels from AAC headers', () => {
    const probe = new MediaProbe();
    probe.read(makeFrame('audio', 0, Buffer.from('af001190', 'hex')));
    expect(probe.media.audio).toEqual({ codec: 'aac', sampleRateHz: 48_000, channels: 2 });
  });

  it('reads Opus headers', () => {
    const probe = new MediaProbe();
    const head = Buffer.concat([Buffer.of(0x90), Buffer.from('OpusOpusHead'), Buffer.of(1, 6)]);
    probe.read(makeFrame('audio', 0, head));
    expect(probe.media.audio).toEqual({ codec: 'opus', sampleRateHz: 48_000, channels: 6 });
  });

  it.each([
    ['72', 'pcm_alaw', 8000, 1],
    ['82', 'pcm_mulaw', 8000, 1],
    ['b2', 'speex', 16_000, 1],
    ['2f', 'mp3', 44_100, 2],
    ['26', 'mp3', 11_025, 1],
  ])('reads rate and channels of sound %s', (first, codec, sampleRateHz, channels) => {
    const probe = new MediaProbe();
    probe.read(makeFrame('audio', 0, Buffer.from(`${first}00`, 'hex')));
    expect(probe.media.audio).toEqual({ codec, sampleRateHz, channels });
  });

  it.each([
    ['40', 'nellymoser', 16_000],
    ['50', 'nellymoser', 8000],
    ['60', 'nellymoser', 5500],
    ['6c', 'nellymoser', 44_100],
    ['e0', 'mp3', 8000],
    ['c8', 'flv-audio-12', 22_050],
  ])('knows the rate of sound %s', (first, codec, sampleRateHz) => {
    const probe = new MediaProbe();
    expect(probe.read(makeFrame('audio', 0, Buffer.from(`${first}00`, 'hex')))).toBe(true);
    expect(probe.media).toEqual({ audio: { codec, sampleRateHz, channels: 1 } });
  });

  it.each([
    ['1210', { sampleRateHz: 44_100, channels: 2 }],
    ['1588', { sampleRateHz: 8000, channels: 1 }],
    // Seven stands for eight channels (ISO 14496-3 table 1.19), 0 for what the stream tells, 15 for any rate.
    ['11b8', { sampleRateHz: 48_000, channels: 8 }],
    ['1180', { sampleRateHz: 48_000 }],
    ['1790', {}],
    ['17805dc010', { sampleRateHz: 48_000, channels: 2 }],
    ['12', {}],
    ['', {}],
  ])('reads an AudioSpecificConfig %s, by FLV’s number and by Enhanced RTMP’s code', (config, details) => {
    for (const start of ['af00', `90${Buffer.from('mp4a').toString('hex')}`]) {
      const probe = new MediaProbe();
      probe.read(makeFrame('audio', 0, Buffer.from(`${start}${config}`, 'hex')));
      expect(probe.media.audio).toEqual({ codec: 'aac', ...details });
    }
  });

  it('knows a codec by any frame of it, and its details by its header alone', () => {
    const coded = (first: string, fourcc: string) =>
      Buffer.concat([Buffer.from(first, 'hex'), Buffer.from(`${fourcc}OpusHead`), Buffer.of(1, 6)]);
    for (const [kind, payload, media] of [
      ['audio', coded('91', 'Opus'), { audio: { codec: 'opus' } }],
      ['audio', coded('90', 'fLaC'), { audio: { codec: 'flac' } }],
      ['audio', coded('91', 'mp4a'), { audio: { codec: 'aac' } }],
      ['audio', Buffer.from('af011190', 'hex'), { audio: { codec: 'aac' } }],
      ['audio', coded('90', 'x-1.'), { audio: { codec: 'x-1.' } }],
      ['audio', coded('90', 'a b '), { audio: { codec: 'unknown' } }],
      ['video', coded('91', 'av01'), { video: { codec: 'av1' } }],
      ['video', Buffer.from(`1701${AVC_720.slice(4)}`, 'hex'), { video: { codec: 'h264' } }],
      ['video', Buffer.from(`1200${AVC_720.slice(4)}`, 'hex'), { video: { codec: 'flv1' } }],
      ['video', Buffer.from('1f00', 'hex'), { video: { codec: 'flv-video-15' } }],
      ['video', Buffer.of(0x90), {}],
      ['audio', Buffer.of(0x90), {}],
      ['video', Buffer.alloc(0), {}],
      ['audio', Buffer.alloc(0), {}],
    ] as const) {
      const probe = new MediaProbe();
      probe.read(makeFrame(kind, 0, payload));
      expect(probe.media, payload.toString('hex')).toEqual(media);
      expect(probe.hasVideo).toBe(kind === 'video');
    }
  });

  it('reads the size from headers of Enhanced RTMP', () => {
    for (const [fourcc, configuration, codec, width] of [
      ['avc1', Buffer.from(AVC_720.slice(10), 'hex'), 'h264', 1280],
      ['hvc1', HVCC_322, 'hevc', 322],
    ] as const) {
      const probe = new MediaProbe();
      const start = Buffer.concat([Buffer.of(0x90), Buffer.from(fourcc)]);
      probe.read(makeFrame('video', 0, Buffer.concat([start, configuration])));
      expect(probe.media.video).toMatchObject({ codec, width });
      // A picture is no header, whatever is in it.
      const other = new MediaProbe();
      other.read(makeFrame('video', 0, Buffer.concat([Buffer.of(0x93), Buffer.from(fourcc), configuration])));
      expect(other.media.video).toEqual({ codec });
    }
  });

  it('keeps what a configuration told when colours or speakers are told beside it, in either order', () => {
    const start = (first: number, fourcc: string, body: Buffer) =>
      Buffer.concat([Buffer.of(first), Buffer.from(fourcc), body]);
    const colour = start(0x94, 'hvc1', encodeAmf0('colorInfo', { colorConfig: { bitDepth: 10 } }));
    const hevc = start(0x90, 'hvc1', HVCC_322);
    const speakers = start(0x94, 'Opus', Buffer.of(1, 6, 0, 0, 0, 0x3f));
    const opus = start(0x90, 'Opus', Buffer.from('OpusHead\x01\x06', 'latin1'));
    for (const reverse of [false, true]) {
      const probe = new MediaProbe();
      const order = (headers: Buffer[]) => (reverse ? headers.reverse() : headers);
      for (const header of order([hevc, colour])) probe.read(makeFrame('video', 0, header));
      for (const header of order([opus, speakers])) probe.read(makeFrame('audio', 0, header));
      expect(probe.media).toEqual({
        video: { codec: 'hevc', width: 322, height: 182 },
        audio: { codec: 'opus', sampleRateHz: 48_000, channels: 6 },
      });
    }
  });

  it('reads the channels of sound that has no other header', () => {
    const probe = new MediaProbe();
    probe.read(makeFrame('audio', 0, Buffer.from('\x91ac-3\x0b\x77', 'latin1')));
    probe.read(makeFrame('audio', 0, Buffer.from('\x94ac-3\x01\x06\0\0\0\x3f', 'latin1')));
    expect(probe.media.audio).toEqual({ codec: 'ac3', channels: 6 });
    // Of another codec nothing is known.
    probe.read(makeFrame('audio', 0, Buffer.from('\x94ec-3\x01', 'latin1')));
    expect(probe.media.audio).toEqual({ codec: 'eac3' });
  });

  it('reads FLAC headers, with and without marker and block header', () => {
    const block = Buffer.from('80000022', 'hex');
    for (const body of [STREAMINFO, Buffer.concat([block, STREAMINFO])]) {
      for (const marker of body === STREAMINFO ? [''] : ['', 'fLaC']) {
        const probe = new MediaProbe();
        const header = Buffer.concat([Buffer.from(`\x90fLaC${marker}`, 'latin1'), body]);
        probe.read(makeFrame('audio', 0, header));
        expect(probe.media.audio).toEqual({ codec: 'flac', sampleRateHz: 44_100, channels: 2 });
      }
    }
  });

  it('learns from the first frame of a kind and from headers, not from each frame', () => {
    const probe = new MediaProbe();
    const read = (kind: 'audio' | 'video', hex: string) =>
      probe.read(makeFrame(kind, 0, Buffer.from(hex, 'hex')));
    expect([read('video', '1701000000'), read('video', '9168766331'), read('video', AVC_720)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([
      read('audio', 'af01'),
      read('audio', '7200'),
      read('audio', 'af001190'),
      read('audio', 'af00'),
    ]).toEqual([true, false, true, true]);
    expect(probe.media).toMatchObject({ video: { width: 1280 }, audio: { codec: 'aac' } });
  });

  it.each([
    [
      { width: 640.4, height: 359.6 },
      { width: 640, height: 360 },
    ],
    [{ width: 0, height: -1, framerate: 0 }, {}],
    [{ width: 1e6, height: 999_999, framerate: Number.POSITIVE_INFINITY }, { height: 999_999 }],
    [{ width: '640', height: true }, {}],
  ])('takes no size that makes no sense from metadata: %j', (entries, details) => {
    const probe = new MediaProbe();
    probe.read(makeFrame('video', 0, HEVC_HEADER));
    probe.read(makeFrame('data', 0, encodeAmf0('onMetaData', entries)));
    expect(probe.media.video).toEqual({ codec: 'hevc', ...details });
  });

  it.each([
    [{ stereo: true }, 2],
    [{ stereo: false }, 1],
    [{ stereo: true, audiochannels: 6 }, 6],
    [{ stereo: 1 }, undefined],
  ])('takes channels from metadata: %j', (entries, channels) => {
    const probe = new MediaProbe();
    probe.read(makeFrame('audio', 0, Buffer.from('af01', 'hex')));
    const metadata = makeFrame('data', 0, encodeAmf0('onMetaData', { ...entries, audiosamplerate: 48_000 }));
    expect(probe.read(metadata)).toBe(true);
    expect(probe.read(metadata)).toBe(false);
    const details = channels === undefined ? {} : { channels };
    expect(probe.media.audio).toEqual({ codec: 'aac', sampleRateHz: 48_000, ...details });
    expect(probe.hasVideo).toBe(false);
  });

  it('learns nothing from other data, or from metadata that cannot be read', () => {
    const probe = new MediaProbe();
    probe.read(makeFrame('video', 0, HEVC_HEADER));
    probe.read(makeFrame('data', 0, encodeAmf0('onMetaData', { width: 640 })));
    const { media } = probe;
    expect(probe.read(makeFrame('data', 0, encodeAmf0('onCuePoint', { width: 320 })))).toBe(false);
    expect(probe.read(makeFrame('data', 0, encodeAmf0('onMetaData')))).toBe(false);
    expect(probe.media).toBe(media);
  });

  it('reads a codec anew once it is told to forget the one before', () => {
    const probe = new MediaProbe();
    probe.read(makeFrame('audio', 0, Buffer.from('af001190', 'hex')));
    expect(probe.read(makeFrame('audio', 0, Buffer.from('7200', 'hex')))).toBe(false);
    probe.forget('audio');
    probe.read(makeFrame('audio', 0, Buffer.from('7200', 'hex')));
    expect(probe.media.audio?.codec).toBe('pcm_alaw');
    probe.read(makeFrame('video', 0, Buffer.from('1701000000', 'hex')));
    probe.forget('video');
    probe.read(makeFrame('video', 0, Buffer.from('9168766331', 'hex')));
    expect(probe.media.video?.codec).toBe('hevc');
  });

  it('takes from metadata what the headers do not tell', () => {
    const probe = new MediaProbe();
    const metadata = {
      width: 9,
      height: 9,
      framerate: 29.97,
      audiosamplerate: 48_000,
      stereo: true,
      videocodecid: 12,
    };
    probe.read(makeFrame('data', 0, encodeAmf0('@setDataFrame', 'onMetaData', metadata)));
    expect(probe.media).toEqual({});
    expect(probe.hasVideo).toBe(true);
    probe.read(makeFrame('video', 0, HEVC_HEADER));
    probe.read(makeFrame('audio', 0, Buffer.from('2f00', 'hex')));
    expect(probe.media).toEqual({
      video: { codec: 'hevc', width: 9, height: 9, frameRate: 29.97 },
      audio: { codec: 'mp3', sampleRateHz: 44_100, channels: 2 },
    });
    probe.read(makeFrame('video', 0, Buffer.from(AVC_720, 'hex')));
    expect(probe.media.video).toMatchObject({ codec: 'h264', width: 1280, height: 720, frameRate: 29.97 });
  });

  it('names unknown codecs without repeating hostile bytes', () => {
    const probe = new MediaProbe();
    probe.read(makeFrame('video', 0, Buffer.from('9100ff0a0d00', 'hex')));
    expect(probe.media.video).toEqual({ codec: 'unknown' });
  });

  it('throws at nothing that a publisher can send', () => {
    const kinds = fc.constantFrom('audio' as const, 'video' as const, 'data' as const);
    const start = fc.constantFrom(
      '',
      '1700000000',
      'af00',
      '90687663310000',
      '02000a6f6e4d65746144617461',
      '17000000000164001fffe1',
    );
    fc.assert(
      fc.property(kinds, start, fc.uint8Array({ maxLength: 100 }), (kind, hex, rest) => {
        const probe = new MediaProbe();
        probe.read(makeFrame(kind, 0, Buffer.concat([Buffer.from(hex, 'hex'), rest])));
      }),
      { numRuns: 3000 },
    );
  });

  it('stops telling of changes that never end', () => {
    const probe = new MediaProbe();
    let told = 0;
    for (let i = 0; i < 100; i += 1) {
      probe.read(makeFrame('video', 0, HEVC_HEADER));
      const metadata = encodeAmf0('onMetaData', { width: 100 + i });
      if (probe.read(makeFrame('data', 0, metadata))) told += 1;
    }
    // The codec was one of the 16.
    expect(told).toBe(15);
    expect(probe.media.video?.width).toBe(114);
  });
});
