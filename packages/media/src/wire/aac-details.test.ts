import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../testing/bit-writer.js';
import { aacDetails } from './aac-details.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A program_config_element of eight channels. */
function layout(bits: BitWriter): void {
  // Tag, profile, rate; two elements in front, one beside, one behind, one LFE; a mixdown to one channel.
  bits.bits(4, 5).bits(2, 1).bits(4, 3).bits(4, 2).bits(4, 1).bits(4, 1).bits(2, 1).bits(3, 0).bits(4, 0);
  bits.bits(1, 1).bits(4, 9).bits(1, 0).bits(1, 0);
  // One channel, then three pairs.
  bits.bits(1, 0).bits(4, 0).bits(1, 1).bits(4, 0).bits(1, 1).bits(4, 1).bits(1, 1).bits(4, 2);
}

describe('aacDetails', () => {
  it.each([
    // ffmpeg, libfdk_aac and FMLE as they write them.
    ['AAC-LC, stereo', '1210', 44_100, 2],
    ['HE-AAC, told outright', '2b11 8800', 48_000, 2],
    ['HE-AAC, told behind', '1310 56e5 98', 48_000, 2],
    ['HE-AAC, mono, told outright', '2b09 8800', 48_000, 1],
    ['HE-AAC v2, told outright', 'eb09 8800', 48_000, 2],
    ['HE-AAC v2 of 5.1, which has no parametric stereo', 'eb31 8800', 48_000, 6],
    ['HE-AAC v2, told behind', '1308 56e5 9d 4880', 48_000, 2],
    ['AAC-LC that says behind that there is no more', '1210 56e5 00', 44_100, 2],
    ['5.1', '11b0', 48_000, 6],
    ['7.1', '11b8', 48_000, 8],
    ['7.1 with height', '11f0', 48_000, 8],
    ['a rate of its own', '1780 5dc010', 48_000, 2],
  ])('reads %s', (_name, config, sampleRateHz, channels) => {
    expect(aacDetails(hex(config))).toEqual({ sampleRateHz, channels });
  });

  it('counts the channels of a layout of its own', () => {
    const bits = new BitWriter();
    // AAC-LC, 48 kHz, no usual layout; no short frames, no core coder, no extension.
    bits.bits(5, 2).bits(4, 3).bits(4, 0).bits(3, 0);
    layout(bits);
    expect(aacDetails(bits.bytes())).toEqual({ sampleRateHz: 48_000, channels: 8 });
  });

  it('reads no layout, nor what is told behind, in a type of sound whose configuration is another', () => {
    const bits = new BitWriter();
    // USAC is 42; of 60 nobody knows.
    for (const type of [42, 60]) {
      bits
        .bits(5, 31)
        .bits(6, type - 32)
        .bits(4, 3)
        .bits(4, 0)
        .bits(3, 0);
      layout(bits);
      expect(aacDetails(bits.bytes())).toStrictEqual({ sampleRateHz: 48_000 });
    }
    expect(aacDetails(new BitWriter().bits(5, 31).bits(6, 10).bits(4, 3).bits(4, 2).bytes())).toEqual({
      sampleRateHz: 48_000,
      channels: 2,
    });
  });

  it.each([
    ['is told', 1, 0x548, 1, 2],
    ['is told not to be there', 1, 0x548, 0, 1],
    ['is not spoken of', 1, 0, 1, 1],
    ['cannot be, since there are six channels', 6, 0x548, 1, 6],
  ])('counts two channels where parametric stereo %s behind', (_name, channels, sync, isThere, counted) => {
    const bits = new BitWriter().bits(5, 2).bits(4, 6).bits(4, channels).bits(3, 0);
    bits.bits(11, 0x2b7).bits(5, 5).bits(1, 1).bits(4, 3).bits(11, sync).bits(1, isThere);
    expect(aacDetails(bits.bytes())).toEqual({ sampleRateHz: 48_000, channels: counted });
  });

  it('tells of a configuration that is cut what comes before the cut', () => {
    expect(aacDetails(hex(''))).toEqual({});
    expect(aacDetails(hex('12'))).toEqual({});
    expect(aacDetails(hex('1780'))).toEqual({});
    expect(aacDetails(hex('1310 56e5'))).toEqual({ sampleRateHz: 24_000, channels: 2 });
    // Reserved rates, and layouts that only the frames tell.
    expect(aacDetails(hex('1690'))).toStrictEqual({ channels: 2 });
    expect(aacDetails(hex('1180'))).toStrictEqual({ sampleRateHz: 48_000 });
    expect(aacDetails(hex('11c0'))).toStrictEqual({ sampleRateHz: 48_000 });
    // A rate of its own that is none.
    expect(aacDetails(hex('1780 000010'))).toStrictEqual({ channels: 2 });
  });

  it.each<[string, readonly (readonly [number, number])[], number, number]>([
    // Object type, rate, channels; then what follows.
    [
      'HE-AAC of one channel',
      [
        [5, 5],
        [4, 6],
        [4, 1],
        [4, 3],
        [5, 2],
      ],
      48_000,
      1,
    ],
    [
      'HE-AAC v2 of more than one channel',
      [
        [5, 29],
        [4, 6],
        [4, 3],
        [4, 3],
        [5, 2],
      ],
      48_000,
      3,
    ],
    [
      'one channel with SBR behind, and nothing of PS',
      [
        [5, 2],
        [4, 6],
        [4, 1],
        [3, 0],
        [11, 0x2b7],
        [5, 5],
        [1, 1],
        [4, 3],
        [11, 0x549],
        [1, 1],
      ],
      48_000,
      1,
    ],
    [
      'one channel with SBR behind, and PS that is off',
      [
        [5, 2],
        [4, 6],
        [4, 1],
        [3, 0],
        [11, 0x2b7],
        [5, 5],
        [1, 1],
        [4, 3],
        [11, 0x548],
        [1, 0],
      ],
      48_000,
      1,
    ],
    [
      'three channels with SBR behind, and PS, which is for one',
      [
        [5, 2],
        [4, 6],
        [4, 3],
        [3, 0],
        [11, 0x2b7],
        [5, 5],
        [1, 1],
        [4, 3],
        [11, 0x548],
        [1, 1],
      ],
      48_000,
      3,
    ],
    [
      'another extension behind',
      [
        [5, 2],
        [4, 6],
        [4, 2],
        [3, 0],
        [11, 0x2b7],
        [5, 22],
        [1, 1],
        [4, 3],
      ],
      24_000,
      2,
    ],
    [
      'a core coder with a delay',
      [
        [5, 2],
        [4, 6],
        [4, 2],
        [1, 0],
        [1, 1],
        [14, 0x1fff],
        [1, 0],
        [11, 0x2b7],
        [5, 5],
        [1, 1],
        [4, 3],
      ],
      48_000,
      2,
    ],
    [
      'a type whose details are others: AAC-LD',
      [
        [5, 23],
        [4, 3],
        [4, 2],
        [3, 0],
        [11, 0x2b7],
        [5, 5],
        [1, 1],
        [4, 0],
      ],
      48_000,
      2,
    ],
    [
      'a type of six bits more: AAC-ELD',
      [
        [5, 31],
        [6, 7],
        [4, 3],
        [4, 2],
        [8, 0],
      ],
      48_000,
      2,
    ],
    [
      'a type of six bits more that is unknown',
      [
        [5, 31],
        [6, 27],
        [4, 3],
        [4, 1],
        [4, 0],
        [5, 2],
      ],
      48_000,
      1,
    ],
  ])('reads %s', (_name, fields, sampleRateHz, channels) => {
    const bits = new BitWriter();
    for (const [count, value] of fields) bits.bits(count, value);
    expect(aacDetails(bits.bytes())).toEqual({ sampleRateHz, channels });
  });

  it('counts the channels of a layout with elements on all sides, and every mixdown', () => {
    const bits = new BitWriter();
    bits.bits(5, 2).bits(4, 3).bits(4, 0).bits(3, 0);
    // Tag, profile, rate; one element in front, two beside, three behind, two LFEs; neither data nor couplings.
    bits
      .bits(4, 15)
      .bits(2, 3)
      .bits(4, 15)
      .bits(4, 1)
      .bits(4, 2)
      .bits(4, 3)
      .bits(2, 2)
      .bits(3, 7)
      .bits(4, 15);
    bits.bits(1, 1).bits(4, 0).bits(1, 1).bits(4, 0).bits(1, 1).bits(3, 0);
    // Three pairs, then three of one channel each.
    for (const isPair of [1, 1, 1, 0, 0, 0]) bits.bits(1, isPair).bits(4, 15);
    expect(aacDetails(bits.bytes())).toEqual({ sampleRateHz: 48_000, channels: 11 });
  });

  it('throws at nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const { channels = 1, sampleRateHz = 1 } = aacDetails(Buffer.from(bytes));
        expect(channels).toBeGreaterThanOrEqual(0);
        expect(sampleRateHz).toBeGreaterThan(0);
      }),
    );
  });
});
