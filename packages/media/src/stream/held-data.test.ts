import { describe, expect, it } from 'vitest';
import type { Frame } from '../wire/frame.js';
import { HeldData } from './held-data.js';

const data = (id: number, bytes = 1): Frame => ({
  kind: 'data',
  timestampMs: id,
  payload: Buffer.alloc(bytes),
  isHeader: false,
  isKeyframe: false,
});

/** What is given away, by the times. */
const idsOf = (held: HeldData): number[] => held.release().map(({ timestampMs }) => timestampMs);

describe('HeldData', () => {
  it('gives away what it holds, in order and once', () => {
    const held = new HeldData();
    expect(idsOf(held)).toEqual([]);
    held.hold(data(1));
    held.hold(data(2));
    expect(idsOf(held)).toEqual([1, 2]);
    expect(idsOf(held)).toEqual([]);
    held.hold(data(3));
    expect(idsOf(held)).toEqual([3]);
  });

  it('holds on to nothing that lies beside', () => {
    const held = new HeldData();
    const beside = Buffer.alloc(10_000, 7);
    held.hold({ ...data(1), payload: beside.subarray(10, 20) });
    const [{ payload } = { payload: beside }] = held.release();
    expect([payload, payload.buffer.byteLength]).toEqual([Buffer.alloc(10, 7), 10]);
  });

  it('leaves out the oldest of more than 64', () => {
    const held = new HeldData();
    for (let id = 0; id < 66; id += 1) held.hold(data(id));
    expect(idsOf(held)).toEqual(Array.from({ length: 64 }, (_, index) => index + 2));
  });

  it('leaves out the oldest of more than 256 KiB', () => {
    const held = new HeldData();
    held.hold(data(1, 100_000));
    held.hold(data(2, 162_144));
    held.hold(data(3, 0));
    expect(idsOf(held)).toEqual([1, 2, 3]);
    // What was given away counts no more.
    held.hold(data(4, 100_000));
    held.hold(data(5, 162_144));
    held.hold(data(6, 1));
    held.hold(data(7, 99_999));
    expect(idsOf(held)).toEqual([5, 6, 7]);
    held.hold(data(8));
    held.hold(data(9, 262_145));
    expect(idsOf(held)).toEqual([]);
    held.hold(data(10, 262_144));
    expect(idsOf(held)).toEqual([10]);
  });
});
