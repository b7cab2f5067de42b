import { describe, expect, it } from 'vitest';
import { INTER, KEY } from '../testing/frames.js';
import { EarlyKeyframes } from './early-keyframes.js';
import type { TakenFrame } from './taken-frame.js';

/** What a picture gave, told by a number. */
const taken = (id: number, more: Partial<TakenFrame> = {}): TakenFrame => ({
  frame: KEY(id),
  isStart: false,
  startsAnew: false,
  ...more,
});
const idsOf = (list: readonly TakenFrame[]): number[] => list.map(({ frame }) => frame.timestampMs);
const TRACK_1 = [{ id: 1 }];
const TRACK_2 = [{ id: 2 }];

describe('EarlyKeyframes', () => {
  it('puts the default track’s keyframe before those of the same moment', () => {
    const early = new EarlyKeyframes();
    expect(early.other([taken(1)], 1000, TRACK_1)).toEqual([]);
    expect(early.other([taken(2)], 1005, TRACK_2)).toEqual([]);
    expect([...early.tracksAt(1015)]).toEqual([1, 2]);
    expect(idsOf(early.default([taken(0)], 1015, true))).toEqual([0, 1, 2]);
    expect([...early.tracksAt(1015)]).toEqual([]);
    expect(idsOf(early.default([taken(5)], 1055, true))).toEqual([5]);
  });

  it('keeps the order where they are more than 10 ms apart, or it is no start', () => {
    for (const [atMs, isStart] of [
      [1011, true],
      [989, true],
      [1000, false],
    ] as const) {
      const early = new EarlyKeyframes();
      early.other([taken(1)], 1000, TRACK_1);
      expect([...early.tracksAt(atMs)]).toEqual(isStart ? [] : [1]);
      expect(idsOf(early.default([taken(0)], atMs, isStart))).toEqual([1, 0]);
    }
  });

  it('holds none back that comes at the default one’s moment, or later', () => {
    const early = new EarlyKeyframes();
    early.default([taken(0)], 1000, true);
    expect(idsOf(early.other([taken(1)], 1010, TRACK_1))).toEqual([1]);
    expect(idsOf(early.other([taken(2)], 990, TRACK_2))).toEqual([2]);
    expect(early.other([taken(3)], 1011, TRACK_1)).toEqual([]);
    // Only a start counts.
    early.default([taken(4)], 1020, false);
    expect(early.other([taken(5)], 1020, TRACK_1)).toEqual([]);
  });

  it('gives what it holds before the next picture of any track', () => {
    const early = new EarlyKeyframes();
    early.other([taken(1)], 1000, TRACK_1);
    const next = { ...taken(2), frame: INTER(2) };
    expect(idsOf(early.other([next], 1000, null))).toEqual([1, 2]);
    expect(idsOf(early.other([next], 1000, null))).toEqual([2]);
  });

  it('holds no more than 16 frames', () => {
    const early = new EarlyKeyframes();
    const many = Array.from({ length: 15 }, (_, index) => taken(index));
    expect(early.other(many, 1000, TRACK_1)).toEqual([]);
    expect(early.other([taken(15)], 1000, TRACK_2)).toEqual([]);
    expect(early.other([taken(16)], 1000, TRACK_2)).toHaveLength(17);
  });

  it('lets players start anew at the picture that goes first alone', () => {
    const early = new EarlyKeyframes();
    early.other([taken(1, { startsAnew: true })], 1000, TRACK_1);
    const given = early.default([taken(0, { startsAnew: true })], 1000, true);
    expect(given.map(({ startsAnew }) => startsAnew)).toEqual([true, false]);
    early.other([taken(2, { startsAnew: true })], 2000, TRACK_1);
    expect(early.default([taken(3)], 3000, true).map(({ startsAnew }) => startsAnew)).toEqual([true, false]);
  });
});
