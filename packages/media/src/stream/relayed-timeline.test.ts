import { expect, it } from 'vitest';
import { RelayedTimeline } from './relayed-timeline.js';

it('a relay keeps its owner’s line, gaps and all, though everything comes at once', () => {
  const line = new RelayedTimeline();
  const times = [1000, 1010, 4021, 4008, 4061, 90_000, 89_990];
  expect(times.map((atMs, track) => line.place(track % 2, atMs))).toEqual(times);
  expect(line.endMs).toBe(90_000);
});

it('a relay’s line goes on where its owner’s clock wraps at 2^32', () => {
  const line = new RelayedTimeline();
  expect(line.place(0, 0xfffffff0)).toBe(0xfffffff0);
  expect(line.place(1, 0x10)).toBe(2 ** 32 + 0x10);
  expect(line.place(0, 0xfffffff8)).toBe(0xfffffff8);
  expect(line.place(0, 0x20)).toBe(2 ** 32 + 0x20);
});
