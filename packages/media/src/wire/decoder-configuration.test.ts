import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AV1C, AVCC_720, HVCC_322, OPUS_HEAD, STREAMINFO, VPCC } from '../testing/configurations.js';
import { type Codec, isDecoderConfiguration, nalLengthBytes } from './decoder-configuration.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('isDecoderConfiguration', () => {
  it.each([
    ['AVC of x264', 'video', 7, AVCC_720],
    ['AVC by fourcc', 'video', 'avc1', AVCC_720],
    ['AVC with more after the sets', 'video', 7, Buffer.concat([AVCC_720, hex('fdf8f800')])],
    ['HEVC of x265', 'video', 'hvc1', HVCC_322],
    ['HEVC by number', 'video', 12, HVCC_322],
    ['HEVC of before the standard', 'video', 12, Buffer.concat([Buffer.of(0), HVCC_322.subarray(1)])],
    ['AV1', 'video', 'av01', AV1C],
    ['VP9', 'video', 'vp09', VPCC],
    ['VP9 as ffmpeg writes it', 'video', 'vp09', Buffer.concat([hex('01000000'), VPCC])],
    ['AAC-LC', 'audio', 10, hex('1210')],
    ['HE-AAC', 'audio', 'mp4a', hex('2b920800')],
    ['AAC of an odd rate', 'audio', 10, hex('17805dc010')],
    ['USAC, of an escaped type', 'audio', 'mp4a', hex('f94640')],
    ['Opus', 'audio', 'Opus', OPUS_HEAD],
    ['FLAC', 'audio', 'fLaC', Buffer.concat([Buffer.from('fLaC'), hex('80000022'), STREAMINFO])],
    ['FLAC, the block alone', 'audio', 'fLaC', Buffer.concat([hex('80000022'), STREAMINFO])],
    ['FLAC, its body alone', 'audio', 'fLaC', STREAMINFO],
    ['a codec that nobody knows', 'video', 'xyz1', hex('00')],
    ['VVC', 'video', 'vvc1', hex('ff0065')],
  ] as const)('takes %s', (_name, kind, codec, body) => {
    expect(isDecoderConfiguration(kind, codec, body)).toBe(true);
  });

  it.each([
    ['nothing', 'video', 7, hex('')],
    ['AVC of another version', 'video', 7, Buffer.concat([Buffer.of(0), AVCC_720.subarray(1)])],
    ['AVC without sets', 'video', 7, hex('0164001fffe000')],
    ['AVC without a picture parameter set', 'video', 7, hex('0164001fffe1 0004 6764001f 00')],
    ['AVC with the sets the wrong way round', 'video', 7, hex('0164001fffe1 0004 68ebe3cb 01 0004 6764001f')],
    ['AVC with an empty set', 'video', 7, hex('0164001fffe1 0000 01 0000')],
    ['HEVC without sets', 'video', 'hvc1', HVCC_322.subarray(0, 22)],
    ['HEVC of another version', 'video', 'hvc1', Buffer.concat([Buffer.of(2), HVCC_322.subarray(1)])],
    ['AV1 without its marker', 'video', 'av01', hex('01040000')],
    ['AV1, cut', 'video', 'av01', hex('810400')],
    ['VP9, cut', 'video', 'vp09', VPCC.subarray(0, 7)],
    ['AAC of no type', 'audio', 10, hex('0210')],
    ['AAC of a reserved rate', 'audio', 10, hex('1690')],
    ['AAC of an odd rate, cut', 'audio', 10, hex('17805dc0')],
    ['AAC, cut', 'audio', 10, hex('12')],
    ['Opus, cut', 'audio', 'Opus', OPUS_HEAD.subarray(0, 18)],
    ['Opus without channels', 'audio', 'Opus', Buffer.concat([OPUS_HEAD.subarray(0, 9), Buffer.alloc(10)])],
    ['another head', 'audio', 'Opus', Buffer.concat([Buffer.from('OpusTags'), Buffer.alloc(20, 1)])],
    [
      'FLAC, cut',
      'audio',
      'fLaC',
      Buffer.concat([Buffer.from('fLaC'), hex('80000022'), STREAMINFO.subarray(1)]),
    ],
    ['a FLAC block of another type', 'audio', 'fLaC', Buffer.concat([hex('84000022'), STREAMINFO])],
  ] as const)('refuses %s', (_name, kind, codec, body) => {
    expect(isDecoderConfiguration(kind, codec, body)).toBe(false);
  });

  it('refuses AVC and HEVC records that are cut anywhere', () => {
    for (let end = 0; end < AVCC_720.length; end += 1)
      expect(isDecoderConfiguration('video', 7, AVCC_720.subarray(0, end)), `AVC at ${end}`).toBe(false);
    for (let end = 0; end < HVCC_322.length; end += 1)
      expect(isDecoderConfiguration('video', 'hvc1', HVCC_322.subarray(0, end)), `HEVC at ${end}`).toBe(
        false,
      );
  });

  it('throws at nothing', () => {
    const codec = fc.constantFrom<Codec>(
      7,
      12,
      10,
      'avc1',
      'hvc1',
      'av01',
      'vp09',
      'mp4a',
      'Opus',
      'fLaC',
      'x',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('audio', 'video'),
        codec,
        fc.uint8Array({ maxLength: 80 }),
        (kind, of, bytes) => {
          expect(typeof isDecoderConfiguration(kind, of, Buffer.from(bytes))).toBe('boolean');
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('nalLengthBytes', () => {
  it('is told by AVC and HEVC', () => {
    expect(nalLengthBytes(7, AVCC_720)).toBe(4);
    expect(nalLengthBytes('avc1', hex('0164001ffd'))).toBe(2);
    expect(nalLengthBytes('hvc1', HVCC_322)).toBe(4);
    expect(nalLengthBytes('av01', AV1C)).toBeNull();
  });
});
