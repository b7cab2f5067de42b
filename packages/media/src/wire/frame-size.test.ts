import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../testing/bit-writer.js';
import { AVCC_720, AVCC_1080, HVCC_322 } from '../testing/configurations.js';
import { avcSize } from './avc-size.js';
import { hevcSize } from './hevc-size.js';

describe('frame sizes', () => {
  it('are told by decoder configurations, less what is cropped', () => {
    expect(avcSize(AVCC_720)).toEqual({ width: 1280, height: 720 });
    expect(avcSize(AVCC_1080)).toEqual({ width: 1920, height: 1080 });
    expect(hevcSize(HVCC_322)).toEqual({ width: 322, height: 182 });
  });

  it('are null where the configuration is cut or changed, and nothing is thrown', () => {
    for (let end = 0; end < HVCC_322.length - 12; end += 1)
      expect(hevcSize(HVCC_322.subarray(0, end))).toBeNull();
    const from = fc.constantFrom([avcSize, AVCC_720] as const, [hevcSize, HVCC_322] as const);
    fc.assert(
      fc.property(
        from,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 30 }),
        ([sizeOf, record], at, bytes) => {
          const changed = Buffer.concat([record]);
          changed.set(bytes.subarray(0, changed.length - (at % changed.length)), at % changed.length);
          const size = sizeOf(changed);
          if (size !== null) expect(Math.min(size.width, size.height)).toBeGreaterThan(0);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

interface Avc {
  readonly profile?: number;
  readonly chroma?: number;
  /** Of each list: its steps, or null where it is not told. */
  readonly lists?: readonly (readonly number[] | null)[];
  /** Steps of an order cycle (type 1), or a type without them. */
  readonly order?: readonly number[] | 0 | 2;
  readonly fields?: boolean;
  readonly crop?: readonly number[];
  readonly size?: readonly [number, number];
}

/** A decoder configuration with one sequence parameter set, H.264 7.3.2.1.1. */
function avcRecord(more: Avc): Buffer {
  const { profile = 66, chroma, lists, order = 0, fields = false, crop, size = [40, 30] } = more;
  const sps = new BitWriter().bits(8, 0x67).bits(8, profile).bits(16, 30).ue(3);
  if (chroma !== undefined) {
    sps.ue(chroma);
    if (chroma === 3) sps.bits(1, 1);
    sps
      .ue(2)
      .ue(5)
      .bits(1, 1)
      .bits(1, lists === undefined ? 0 : 1);
    for (const list of lists ?? []) {
      sps.bits(1, list === null ? 0 : 1);
      for (const step of list ?? []) sps.se(step);
    }
  }
  sps.ue(7);
  if (order === 0) sps.ue(0).ue(9);
  else if (order === 2) sps.ue(2);
  else {
    sps.ue(1).bits(1, 1).se(-3).se(5).ue(order.length);
    for (const step of order) sps.se(step);
  }
  sps.ue(4).bits(1, 1);
  sps.ue(size[0] - 1).ue(size[1] - 1);
  sps.bits(1, fields ? 0 : 1);
  if (fields) sps.bits(1, 1);
  sps.bits(1, 0).bits(1, crop === undefined ? 0 : 1);
  for (const edge of crop ?? []) sps.ue(edge);
  const nal = sps.bits(1, 0).nal();
  return Buffer.concat([Buffer.of(1, profile, 0, 30, 0xff, 0xe1, nal.length >> 8, nal.length & 255), nal]);
}

const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const steps = (count: number): number[] => Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 3 : -2));

describe('avcSize', () => {
  it.each<[string, Avc, readonly [number, number]]>([
    ['whole', {}, [640, 480]],
    ['of fields', { fields: true }, [640, 960]],
    ['cropped', { crop: [1, 2, 3, 4] }, [634, 466]],
    ['of fields and cropped', { fields: true, crop: [1, 2, 3, 4] }, [634, 932]],
    ['without colour', { profile: 100, chroma: 0, crop: [1, 2, 3, 4] }, [637, 473]],
    ['4:2:0', { profile: 100, chroma: 1, crop: [1, 2, 3, 4] }, [634, 466]],
    ['4:2:2', { profile: 122, chroma: 2, crop: [1, 2, 3, 4] }, [634, 473]],
    ['4:4:4', { profile: 244, chroma: 3, crop: [1, 2, 3, 4] }, [637, 473]],
    ['4:4:4 of fields', { profile: 244, chroma: 3, fields: true, crop: [1, 2, 3, 4] }, [637, 946]],
    ['of order type 2', { order: 2 }, [640, 480]],
    ['of an order cycle', { order: [1, -2, 3] }, [640, 480]],
    ['of an empty order cycle', { order: [] }, [640, 480]],
    ['of the longest order cycle', { order: steps(255) }, [640, 480]],
    ['as large as any', { size: [1024, 1024] }, [16_384, 16_384]],
    ['as small as any', { size: [1, 1], crop: [3, 4, 0, 7] }, [2, 2]],
  ])('of a picture %s', (_name, more, [width, height]) => {
    expect(avcSize(avcRecord(more))).toEqual({ width, height });
  });

  it.each<[string, Avc]>([
    ['no width', { size: [1, 1], crop: [4, 4, 0, 0] }],
    ['no height', { size: [1, 1], crop: [0, 0, 4, 4] }],
    ['too large a width', { size: [1025, 1] }],
    ['too large a height', { size: [1, 1025] }],
    ['too long an order cycle', { order: steps(256) }],
  ])('is null of %s', (_name, more) => {
    expect(avcSize(avcRecord(more))).toBeNull();
  });

  it.each(HIGH)('reads colour and scaling of profile %i', (profile) => {
    const lists = [steps(16), null, [-8], steps(16), null, [2, -10], steps(64), null];
    expect(avcSize(avcRecord({ profile, chroma: 2, lists, crop: [1, 0, 1, 0] }))).toEqual({
      width: 638,
      height: 479,
    });
    expect(avcSize(avcRecord({ profile, chroma: 1 }))).toEqual({ width: 640, height: 480 });
  });

  it('reads 12 scaling lists of 4:4:4, and lists that wrap at 256 to their end', () => {
    const lists = [...Array(6).fill(steps(16)), ...Array(5).fill(steps(64)), [127, 121]];
    expect(avcSize(avcRecord({ profile: 244, chroma: 3, lists }))).toEqual({ width: 640, height: 480 });
    const few = [[127, 121], null, null, null, null, null, [-128, 120], steps(64)];
    expect(avcSize(avcRecord({ profile: 100, chroma: 1, lists: few }))).toEqual({ width: 640, height: 480 });
  });

  it('is null of a record that is cut anywhere', () => {
    const record = avcRecord({ crop: [1, 2, 3, 4] });
    for (let end = 0; end < record.length - 1; end += 1)
      expect(avcSize(record.subarray(0, end)), String(end)).toBeNull();
  });
});

interface Hevc {
  /** Of each layer below the highest: whether profile and level are told. */
  readonly layers?: readonly (readonly [boolean, boolean])[];
  readonly chroma?: number;
  readonly size?: readonly [number, number];
  readonly crop?: readonly number[];
}

/** A decoder configuration with one sequence parameter set, H.265 7.3.2.2.1. */
function hevcRecord({ layers = [], chroma = 1, size = [640, 480], crop }: Hevc): Buffer {
  const sps = new BitWriter().bits(16, 0x4201).bits(4, 5).bits(3, layers.length).bits(1, 1);
  sps
    .bits(44, 2 ** 44 - 1)
    .bits(44, 2 ** 44 - 1)
    .bits(8, 93);
  for (const [profile, level] of layers) sps.bits(1, profile ? 1 : 0).bits(1, level ? 1 : 0);
  if (layers.length > 0) for (let i = layers.length; i < 8; i += 1) sps.bits(2);
  for (const [profile, level] of layers) {
    if (profile) sps.bits(44, 2 ** 44 - 1).bits(44, 2 ** 44 - 1);
    if (level) sps.bits(8, 90);
  }
  sps.ue(6).ue(chroma);
  if (chroma === 3) sps.bits(1, 1);
  sps
    .ue(size[0])
    .ue(size[1])
    .bits(1, crop === undefined ? 0 : 1);
  for (const edge of crop ?? []) sps.ue(edge);
  const nal = sps.ue(0).nal();
  const head = Buffer.concat([Buffer.of(1), Buffer.alloc(21), Buffer.of(2, 0x20, 0, 1, 0, 2, 0x40, 1)]);
  return Buffer.concat([head, Buffer.of(0x21, 0, 1, nal.length >> 8, nal.length & 255), nal]);
}

describe('hevcSize', () => {
  it.each<[string, Hevc, readonly [number, number]]>([
    ['whole', {}, [640, 480]],
    ['without colour', { chroma: 0, crop: [1, 2, 3, 4] }, [637, 473]],
    ['4:2:0', { crop: [1, 2, 3, 4] }, [634, 466]],
    ['4:2:2', { chroma: 2, crop: [1, 2, 3, 4] }, [634, 473]],
    ['4:4:4', { chroma: 3, crop: [1, 2, 3, 4] }, [637, 473]],
    ['of two layers', { layers: [[true, true]] }, [640, 480]],
    [
      'of four layers',
      {
        layers: [
          [true, false],
          [false, true],
          [false, false],
        ],
      },
      [640, 480],
    ],
    ['as large as any', { size: [16_384, 16_384] }, [16_384, 16_384]],
    ['as small as any', { size: [8, 8], chroma: 0, crop: [3, 4, 7, 0] }, [1, 1]],
  ])('of a picture %s', (_name, more, [width, height]) => {
    expect(hevcSize(hevcRecord(more))).toEqual({ width, height });
  });

  it.each<[string, Hevc]>([
    ['no width', { size: [8, 8], crop: [4, 0, 0, 0] }],
    ['no height', { size: [8, 8], crop: [0, 0, 0, 4] }],
    ['too large a width', { size: [16_385, 8] }],
    ['too large a height', { size: [8, 16_385] }],
  ])('is null of %s', (_name, more) => {
    expect(hevcSize(hevcRecord(more))).toBeNull();
  });

  it('is null where there is no sequence parameter set, or a cut one', () => {
    expect(hevcSize(Buffer.concat([Buffer.of(1), Buffer.alloc(21), Buffer.of(0)]))).toBeNull();
    const cut = Buffer.concat([Buffer.of(1), Buffer.alloc(21), Buffer.of(1, 0x21, 0, 1, 0, 2, 0x42, 1)]);
    expect(hevcSize(cut)).toBeNull();
  });
});
