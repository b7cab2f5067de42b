import { describe, expect, it } from 'vitest';
import { commonVersion, formatVersions, ONLY_FIRST, SPEAKS } from './versions.js';

describe('the version that two members use', () => {
  it.each([
    ['the only one of both', [1, 1], [1, 1], 1],
    ['the highest that both speak', [1, 3], [2, 5], 3],
    ['the only one that their ranges share', [1, 2], [2, 3], 2],
    ['none where one is too old', [1, 1], [2, 3], null],
  ] as const)('is %s', (_, [min, max], [otherMin, otherMax], version) => {
    const [own, other] = [
      { min, max },
      { min: otherMin, max: otherMax },
    ];
    expect([commonVersion(own, other), commonVersion(other, own)]).toEqual([version, version]);
  });

  it('is there between this program and one that does not tell: the first release can be upgraded', () => {
    expect(commonVersion(SPEAKS, ONLY_FIRST)).toBe(1);
  });
});

it.each([
  [{ min: 1, max: 1 }, '1'],
  [{ min: 1, max: 3 }, '1 to 3'],
])('people read %o as "%s"', (versions, text) => {
  expect(formatVersions(versions)).toBe(text);
});
