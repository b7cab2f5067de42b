import { describe, expect, it } from 'vitest';
import { LOAD_LEVEL_MAX, nextLoadLevel } from './load-level.js';
import { NO_LOAD } from './member.js';

const next = (level: number, outboundKbps: number) => nextLoadLevel(level, { ...NO_LOAD, outboundKbps });

describe('the load level', () => {
  it.each([
    [0, 0, 0],
    [0, 1_000, 0],
    [0, 1_249, 0],
    [0, 1_250, 1],
    [1, 1_000, 1],
    [1, 801, 1],
    [1, 799, 0],
    [1, 2_400, 1],
    [1, 2_500, 2],
    [2, 1_700, 2],
    [2, 1_500, 1],
    [0, 64_000, 6],
    [9, 0, 0],
    [0, 1e300, LOAD_LEVEL_MAX],
  ])('from %i at %i kbit/s is %i', (level, kbps, expected) => {
    expect(next(level, kbps)).toBe(expected);
  });

  it('stays where the load swings by a fifth around any bound', () => {
    for (let bound = 1_000; bound < 1e9; bound *= 2) {
      const level = next(0, bound);
      for (const factor of [0.81, 1.2, 0.9, 1.1]) expect(next(level, bound * factor)).toBe(level);
    }
  });
});
