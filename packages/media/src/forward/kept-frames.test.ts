import { describe, expect, it } from 'vitest';
import { KeptFrames } from './kept-frames.js';

const COST = 1000;
const frame = (id: number) => ({ id, payload: { length: COST - 128 } });

/** A frame each 100 ms, a start each `gop` frames. */
function kept(count: number, gop: number, limits: Partial<ConstructorParameters<typeof KeptFrames>[0]> = {}) {
  const frames = new KeptFrames<ReturnType<typeof frame>>({ keepMs: 1000, keepBytesMax: 1e6, ...limits });
  for (let id = 0; id < count; id += 1) frames.push(frame(id), id % gop === 0, id * 100);
  return frames;
}

const ids = (frames: KeptFrames<{ id: number; payload: { length: number } }>) =>
  frames.frames.map(({ id }) => id);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('KeptFrames', () => {
  it('keeps whole groups, the oldest of which began long enough ago', () => {
    expect(ids(kept(8, 5))).toEqual(range(0, 8));
    expect(ids(kept(16, 5))).toEqual(range(5, 16));
    expect(ids(kept(15, 5))).toEqual(range(0, 15));
  });

  it('keeps a group that is longer, and the one before until it is old enough', () => {
    expect(ids(kept(30, 100))).toEqual(range(0, 30));
    expect(ids(kept(25, 20))).toEqual(range(0, 25));
    expect(ids(kept(31, 20))).toEqual(range(20, 31));
  });

  it('keeps nothing before the first start', () => {
    const frames = new KeptFrames<ReturnType<typeof frame>>({ keepMs: 1000, keepBytesMax: 1e6 });
    frames.push(frame(0), false, 0);
    expect(frames.frames).toEqual([]);
    frames.push(frame(1), true, 1);
    expect(ids(frames)).toEqual([1]);
  });

  it('lets the oldest groups go where there are too many bytes', () => {
    const frames = kept(14, 5, { keepBytesMax: 8 * COST });
    expect(ids(frames)).toEqual(range(10, 14));
    expect(frames.bytes).toBe(4 * COST);
  });

  it('keeps nothing of a group that is too large by itself, and begins with the next', () => {
    const limits = { keepBytesMax: 6 * COST };
    expect(ids(kept(7, 10, limits))).toEqual([]);
    expect(kept(7, 10, limits).bytes).toBe(0);
    expect(ids(kept(12, 10, limits))).toEqual([10, 11]);
  });

  it('forgets all', () => {
    const frames = kept(5, 5);
    frames.clear();
    expect([ids(frames), frames.bytes]).toEqual([[], 0]);
  });
});
