import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
