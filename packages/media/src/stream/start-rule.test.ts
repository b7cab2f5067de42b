import { describe, expect, it } from 'vitest';
import { type Opening, StartRule } from './start-rule.js';

/** Frames of one kind, so many ms apart: when the first start among them is, and the next. */
function startsOf(
  rule: StartRule,
  opening: Opening,
  from: number,
  to: number,
  stepMs = 40,
  expectsPicture = true,
): number[] {
  const starts: number[] = [];
  for (let at = from; at < to; at += stepMs) if (rule.isStart(opening, at, expectsPicture)) starts.push(at);
  return starts;
}

describe('StartRule', () => {
  it('starts at keyframes, and nowhere else while they come', () => {
    const rule = new StartRule();
    // Longer than twice the longest distance that is learned: each keyframe counts, not the first alone.
    for (let at = 0; at < 150_000; at += 10_000) {
      expect(rule.isStart('keyframe', at, true)).toBe(true);
      expect(startsOf(rule, 'inter', at + 40, at + 10_000)).toEqual([]);
      expect(startsOf(rule, 'sound', at + 9900, at + 10_000)).toEqual([]);
    }
  });

  it('starts at any sound where no picture is expected', () => {
    const rule = new StartRule();
    expect(startsOf(rule, 'sound', 0, 100, 20, false)).toEqual([0, 20, 40, 60, 80]);
  });

  it('starts at sound when an expected picture did not come within 1.5 s', () => {
    const rule = new StartRule();
    expect(startsOf(rule, 'sound', 100, 1700, 20).at(0)).toBe(1600);
    expect(rule.isStart('inter', 1700, true)).toBe(false);
    expect(rule.isStart('sound', 1710, true)).toBe(false);
    expect(rule.isStart('keyframe', 1740, true)).toBe(true);
  });

  it('starts at sound when pictures stopped for 2 s, until the next keyframe', () => {
    const rule = new StartRule();
    rule.isStart('keyframe', 0, true);
    rule.isStart('inter', 1000, true);
    expect(startsOf(rule, 'sound', 1000, 4000, 500)).toEqual([3000, 3500]);
    expect(rule.isStart('inter', 4000, true)).toBe(false);
    expect(rule.isStart('sound', 4010, true)).toBe(true);
    expect(rule.isStart('keyframe', 4040, true)).toBe(true);
    expect(rule.isStart('sound', 4050, true)).toBe(false);
  });

  it('goes on so where pictures come back without a keyframe, for 2 s of them', () => {
    const rule = new StartRule();
    rule.isStart('keyframe', 0, true);
    expect(startsOf(rule, 'sound', 20, 60_000, 20).at(-1)).toBe(59_980);
    expect(startsOf(rule, 'inter', 60_000, 61_000)).toEqual([]);
    expect(rule.isStart('sound', 61_000, true)).toBe(true);
    expect(startsOf(rule, 'inter', 61_040, 63_000).at(0)).toBe(62_000);
    expect(rule.isStart('sound', 63_000, true)).toBe(false);
  });

  it('starts at any picture when 2 s of them had no keyframe', () => {
    const rule = new StartRule();
    expect(startsOf(rule, 'inter', 500, 2580)).toEqual([2500, 2540]);
    expect(rule.isStart('sound', 2590, true)).toBe(false);
    expect(rule.isStart('keyframe', 2600, true)).toBe(true);
    expect(startsOf(rule, 'inter', 2640, 20_000)).toEqual([]);
  });

  it('starts at any picture when the last keyframe is 20 s old', () => {
    const rule = new StartRule();
    rule.isStart('keyframe', 0, true);
    expect(startsOf(rule, 'inter', 40, 30_000).at(0)).toBe(20_040);
  });

  it('keeps to keyframes that are known to come seldom', () => {
    const rule = new StartRule();
    for (let at = 0; at <= 60_000; at += 15_000) rule.isStart('keyframe', at, true);
    expect(startsOf(rule, 'inter', 60_040, 100_000).at(0)).toBe(90_040);
  });

  it('does not learn that they come hardly ever', () => {
    const rule = new StartRule();
    for (const at of [0, 3_600_000]) rule.isStart('keyframe', at, true);
    expect(startsOf(rule, 'inter', 3_600_040, 3_700_000).at(0)).toBe(3_660_040);
  });

  it('learns nothing from the first keyframe, whatever the clock says, nor from the first of a new configuration', () => {
    const rule = new StartRule();
    rule.isStart('keyframe', 25_000, true);
    rule.awaitKeyframe();
    rule.isStart('keyframe', 50_000, true);
    expect(startsOf(rule, 'inter', 50_040, 90_000).at(0)).toBe(70_040);
  });

  it('starts at a recovery point as at a keyframe', () => {
    const rule = new StartRule();
    expect(rule.isStart('recovery', 0, true)).toBe(true);
    expect(startsOf(rule, 'inter', 40, 5000)).toEqual([]);
    expect(rule.isStart('recovery', 5000, true)).toBe(true);
  });

  it('waits for a keyframe of a new configuration, no longer than for the first', () => {
    const rule = new StartRule();
    expect(startsOf(rule, 'inter', 0, 3000).length).toBeGreaterThan(0);
    rule.awaitKeyframe();
    expect(startsOf(rule, 'inter', 3000, 5080)).toEqual([5000, 5040]);
  });
});
