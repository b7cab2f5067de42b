import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
    expect(told).toBeLessThan(20);
  });
});
