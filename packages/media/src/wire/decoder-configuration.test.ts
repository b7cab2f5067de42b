import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AV1C, AVCC_720, HVCC_322, OPUS_HEAD, STREAMINFO, VPCC } from '../testing/configurations.js';
import {
  type Codec,
  hevcParameterSets,
  isDecoderConfiguration,
  nalLengthBytes,
} from './decoder-configuration.js';

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

describe('the edges of decoder configurations', () => {
  const avc = (sets: string) => hex(`0164001fff ${sets}`);
  const SPS = '0004 6764001f';
  const PPS = '0004 68ebe3cb';

  it.each([
    ['several sets of each', `e2 ${SPS} ${SPS} 02 ${PPS} ${PPS}`, true],
    ['sets of two bytes', 'e1 0002 6764 01 0002 68eb', true],
    ['a sequence set of one byte', `e1 0001 67 01 ${PPS}`, false],
    ['a picture set of one byte', `e1 ${SPS} 01 0001 68`, false],
    ['fewer sequence sets than announced', `e2 ${SPS} 01 ${PPS}`, false],
    ['fewer picture sets than announced', `e1 ${SPS} 02 ${PPS}`, false],
    ['a count of picture sets missing', `e1 ${SPS}`, false],
    ['the upper bits of the count set or not', `01 ${SPS} 01 ${PPS}`, true],
  ])('AVC with %s', (_name, sets, isTaken) => {
    expect(isDecoderConfiguration('video', 7, avc(sets))).toBe(isTaken);
  });

  /** Arrays of parameter sets: type, count, and each with its length. */
  const hevc = (arrays: string, version = '01') => hex(`${version}${'00'.repeat(21)} ${arrays}`);
  const HEVC_SPS = '21 0001 0002 4201';
  const HEVC_PPS = '22 0001 0002 4401';

  it.each([
    ['both sets', `02 ${HEVC_SPS} ${HEVC_PPS}`, true],
    ['the bit that says that all are there', `02 a1 0001 0002 4201 a2 0001 0002 4401`, true],
    ['two sets in one array', `02 21 0002 0002 4201 0003 420101 ${HEVC_PPS}`, true],
    ['an empty array more', `03 20 0000 ${HEVC_SPS} ${HEVC_PPS}`, true],
    ['an empty array at the end', `03 ${HEVC_SPS} ${HEVC_PPS} 20 0000`, true],
    ['no picture set', `01 ${HEVC_SPS}`, false],
    ['no sequence set', `01 ${HEVC_PPS}`, false],
    ['a set of one byte', `02 21 0001 0001 42 ${HEVC_PPS}`, false],
    ['an array missing', `03 ${HEVC_SPS} ${HEVC_PPS}`, false],
    ['a set missing', `02 ${HEVC_SPS} 22 0002 0002 4401`, false],
    ['a cut set', `02 ${HEVC_SPS} 22 0001 0003 4401`, false],
    ['no arrays', '00', false],
  ])('HEVC with %s', (_name, arrays, isTaken) => {
    expect(isDecoderConfiguration('video', 'hvc1', hevc(arrays))).toBe(isTaken);
    expect(isDecoderConfiguration('video', 12, hevc(arrays, '00'))).toBe(isTaken);
    expect(isDecoderConfiguration('video', 'hvc1', hevc(arrays, '02'))).toBe(false);
  });

  it('gives the parameter sets of HEVC with their types', () => {
    const sets = hevcParameterSets(hevc('02 a1 0002 0002 4201 0003 420102 22 0001 0002 4401'));
    expect(sets?.map(({ type, nal }) => [type, nal.toString('hex')])).toEqual([
      [33, '4201'],
      [33, '420102'],
      [34, '4401'],
    ]);
    expect(hevcParameterSets(hevc('00'))).toEqual([]);
  });

  it.each([
    ['AV1 of 3 bytes', 'video', 'av01', '810400', false],
    ['AV1 of another version', 'video', 'av01', '82040000', false],
    ['VP8', 'video', 'vp08', VPCC.toString('hex'), true],
    ['VP8, cut', 'video', 'vp08', '000a8202020200', false],
    ['AAC of rate 13', 'audio', 10, '1690', false],
    ['AAC of rate 14', 'audio', 10, '1710', false],
    ['AAC of rate 12', 'audio', 10, '1610', true],
    ['AAC of an escaped type and a reserved rate', 'audio', 10, 'f95a40', false],
    ['AAC of type 1', 'audio', 10, '0a10', true],
    ['one byte of AAC', 'audio', 'mp4a', '12', false],
    ['MP3, which has none that is known', 'audio', '.mp3', '00', true],
    ['nothing of a codec that nobody knows', 'audio', 'xyz1', '', false],
    [
      'FLAC with marker and last-block bit off',
      'audio',
      'fLaC',
      `664c6143 00000022 ${'01'.repeat(34)}`,
      true,
    ],
    ['the block of FLAC, a byte short', 'audio', 'fLaC', `80000022 ${'01'.repeat(33)}`, false],
    ['the body of FLAC, a byte short', 'audio', 'fLaC', '01'.repeat(33), false],
    ['the body of FLAC after the marker', 'audio', 'fLaC', `664c6143 ${'00'.repeat(34)}`, false],
    ['Opus of one channel', 'audio', 'Opus', `4f70757348656164 0101 ${'00'.repeat(9)}`, true],
  ] as const)('%s', (_name, kind, codec, body, isTaken) => {
    expect(isDecoderConfiguration(kind, codec, hex(body))).toBe(isTaken);
  });

  it.each([
    [7, 4, '0164001ffc', 1],
    ['avc1', 4, '0164001fff', 4],
    [12, 21, `01${'00'.repeat(20)}fd`, 2],
    ['hvc1', 21, `01${'00'.repeat(20)}fc`, 1],
  ] as const)('tell %s lengths at byte %i', (codec, _at, body, bytes) => {
    expect(nalLengthBytes(codec, hex(body))).toBe(bytes);
    expect(nalLengthBytes('vvc1', hex(body))).toBeNull();
    expect(nalLengthBytes(10, hex(body))).toBeNull();
  });
});
