import { describe, expect, it } from 'vitest';
import { Timeline } from './timeline.js';

describe('Timeline', () => {
  it('keeps the first source as it is', () => {
    const line = new Timeline();
    line.discontinue();
    expect([5000, 5040, 5080].map((at) => line.place('video', at))).toEqual([5000, 5040, 5080]);
    expect(line.place('audio', 5070)).toBe(5070);
  });

  it('puts the next source a frame behind the last one, whatever its clock', () => {
    for (const start of [0, 7, 4_000_000, 0xfffffff0]) {
      const line = new Timeline();
      for (const at of [1000, 1040, 1080]) line.place('video', at);
      line.discontinue();
      const placed = [0, 40, 80].map((more) => line.place('video', (start + more) >>> 0));
      expect(placed, String(start)).toEqual([1120, 1160, 1200]);
    }
  });

  it('never goes back within a track at the seam', () => {
    const line = new Timeline();
    line.place('video', 1000);
    line.place('audio', 1500);
    line.discontinue();
    const keyframe = line.place('video', 100) ?? 0;
    expect(keyframe).toBeGreaterThan(1500);
    // This sound was recorded before the keyframe; what would sound at or before 1500 is left out.
    const sounds = [60, 80, 99, 120].map((at) => line.place('audio', at));
    const heard = sounds.filter((at) => at !== null);
    expect(Math.min(...heard)).toBeGreaterThan(1500);
    expect(sounds.at(-1)).not.toBeNull();
  });

  it('goes on where a source starts its clock anew', () => {
    const line = new Timeline();
    for (const at of [100_000, 100_040]) line.place('video', at);
    expect(line.place('video', 0)).toBe(100_080);
    expect(line.place('video', 40)).toBe(100_120);
  });

  it('lets tracks be interleaved loosely', () => {
    const line = new Timeline();
    line.place('video', 2000);
    expect(line.place('audio', 1200)).toBe(1200);
    expect(line.place('video', 1960)).toBe(1960);
  });

  it('wraps at 32 bits and goes on behind the wrap', () => {
    const line = new Timeline();
    expect(line.place('video', 0xfffffff0)).toBe(0xfffffff0);
    expect(line.place('video', 0x18)).toBe(0x18);
    line.discontinue();
    expect(line.place('video', 500)).toBe(0x18 + 40);
  });
});
