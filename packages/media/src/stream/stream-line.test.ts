import { describe, expect, it } from 'vitest';
import { StreamLine } from './stream-line.js';

describe('StreamLine', () => {
  it('keeps the first source as it is', () => {
    const line = new StreamLine();
    line.join();
    expect([5000, 5040, 5080].map((at) => line.place('video', at))).toEqual([5000, 5040, 5080]);
    expect(line.place('audio', 5070)).toBe(5070);
  });

  it('puts the next source a frame behind the last one, whatever its clock', () => {
    for (const start of [0, 7, 4_000_000, 0xfffffff0]) {
      const line = new StreamLine();
      for (const at of [1000, 1040, 1080]) line.place('video', at);
      line.join();
      const placed = [0, 40, 80].map((more) => line.place('video', (start + more) >>> 0));
      expect(placed, String(start)).toEqual([1120, 1160, 1200]);
    }
  });

  it('never goes back within a track at the seam', () => {
    const line = new StreamLine();
    line.place('video', 1000);
    line.place('audio', 1500);
    line.join();
    const keyframe = line.place('video', 100) ?? 0;
    expect(keyframe).toBeGreaterThan(1500);
    // This sound was recorded before the keyframe; what would sound at or before 1500 is left out.
    const sounds = [60, 80, 99, 120].map((at) => line.place('audio', at));
    const heard = sounds.filter((at) => at !== null);
    expect(Math.min(...heard)).toBeGreaterThan(1500);
    expect(sounds.at(-1)).not.toBeNull();
  });

  it('lets tracks be interleaved loosely', () => {
    const line = new StreamLine();
    line.place('video', 2000);
    expect(line.place('audio', 1200)).toBe(1200);
    expect(line.place('video', 1960)).toBe(1960);
  });

  it('joins behind the furthest track, a frame’s distance of what came last', () => {
    for (const [times, next] of [
      [[2000, 1200], 2020],
      [[2000, 2040, 2040], 2080],
      [[2000, 2040, 2030], 2080],
      [[2000, 2001], 2002],
      [[2000, 9000], 9100],
    ] as const) {
      const line = new StreamLine();
      const [first, ...others] = times;
      line.place('video', first);
      for (const at of others) line.place(at < 2000 ? 'audio' : 'video', at);
      line.join();
      expect(line.place('video', 70_000), String(times)).toBe(next);
      expect(line.offsetMs).toBe(next - 70_000);
    }
  });

  it('holds a track back only up to where it was at the seam', () => {
    const line = new StreamLine();
    line.place('audio', 1500);
    line.place('video', 1000);
    line.join();
    expect(line.place('video', 0)).toBe(1520);
    expect([line.place('audio', -20 >>> 0), line.place('audio', 0)]).toEqual([null, 1520]);
    // From there on it may wobble as it always could.
    expect(line.place('audio', -30 >>> 0)).toBe(1490);
  });

  it('keeps what was held back out of an exact join', () => {
    const line = new StreamLine();
    line.place('audio', 1500);
    line.place('video', 1000);
    line.join();
    line.place('video', 0);
    line.joinExactly(0);
    expect(line.place('audio', 1490)).toBe(1490);
  });

  it('tells what was added to the source’s times as a signed number', () => {
    const line = new StreamLine();
    expect(line.offsetMs).toBe(0);
    line.joinExactly(2 ** 32 - 5);
    expect(line.offsetMs).toBe(-5);
  });

  it('wraps at 32 bits and goes on behind the wrap', () => {
    const line = new StreamLine();
    expect(line.place('video', 0xfffffff0)).toBe(0xfffffff0);
    expect(line.place('video', 0x18)).toBe(0x18);
    line.join();
    expect(line.place('video', 500)).toBe(0x18 + 40);
  });

  it('lays a source that goes on exactly where its frames lie, also over a wrap', () => {
    for (const end of [5000, 0xfffffff0]) {
      const line = new StreamLine();
      line.place('video', end);
      for (const clockMs of [0, 70_000, -70_000]) {
        line.joinExactly(-clockMs);
        expect(line.place('video', (end + 40 + clockMs) >>> 0)).toBe((end + 40) >>> 0);
        expect(line.place('video', (end + clockMs) >>> 0)).toBe(end);
      }
    }
  });

  it('gives headers and data their place, and moves nothing for them', () => {
    const line = new StreamLine();
    line.place('video', 1000);
    line.place('video', 1040);
    expect([line.timeOf(1080), line.timeOf(90_000)]).toEqual([1080, 90_000]);
    line.join();
    expect(line.timeOf(7)).toBe(1040);
    expect(line.place('video', 7)).toBe(1080);
    expect(line.timeOf(47)).toBe(1120);
  });
});
