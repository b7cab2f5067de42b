import { describe, expect, it } from 'vitest';
import { flvTag } from '../flv/flv-tag.js';
import { splitAggregate } from './aggregate.js';

const aggregate = (payload: Buffer, timestampMs: number) => ({ type: 22, timestampMs, streamId: 1, payload });

describe('splitAggregate', () => {
  it('gives the messages inside, moved to the time of the aggregate', () => {
    const payload = Buffer.concat([
      flvTag('video', 0x1000010, Buffer.from('a')),
      flvTag('audio', 0x1000020, Buffer.from('bb')),
    ]);
    expect([...splitAggregate(aggregate(payload, 5000))]).toEqual([
      { type: 9, timestampMs: 5000, streamId: 1, payload: Buffer.from('a') },
      { type: 8, timestampMs: 5016, streamId: 1, payload: Buffer.from('bb') },
    ]);
  });

  it('reads times of 32 bits, and wraps them', () => {
    const payload = Buffer.concat([
      flvTag('video', 0xfffffff0, Buffer.from('a')),
      flvTag('audio', 0xfffffff8, Buffer.from('b')),
    ]);
    const timesAt = (timestampMs: number) =>
      [...splitAggregate(aggregate(payload, timestampMs))].map((each) => each.timestampMs);
    expect(timesAt(0)).toEqual([0, 8]);
    expect(timesAt(0xffffffff)).toEqual([0xffffffff, 7]);
    expect(timesAt(0xfffffff0)).toEqual([0xfffffff0, 0xfffffff8]);
  });

  it('reads the high byte of a time as such', () => {
    const payload = Buffer.concat([
      flvTag('video', 0xfffff0, Buffer.from('a')),
      flvTag('audio', 0x1000008, Buffer.from('b')),
    ]);
    expect([...splitAggregate(aggregate(payload, 100))].map((each) => each.timestampMs)).toEqual([100, 124]);
  });

  it('gives messages that are empty, and the last one also where nothing points back at it', () => {
    const whole = Buffer.concat([
      flvTag('data', 5, Buffer.alloc(0)),
      flvTag('video', 7, Buffer.from('abc')),
      flvTag('audio', 9, Buffer.alloc(0)),
    ]);
    for (const payload of [whole, whole.subarray(0, -4)])
      expect(
        [...splitAggregate(aggregate(payload, 5))].map((each) => [
          each.type,
          each.timestampMs,
          each.payload.toString(),
        ]),
      ).toEqual([
        [18, 5, ''],
        [9, 7, 'abc'],
        [8, 9, ''],
      ]);
    expect([...splitAggregate(aggregate(whole.subarray(0, -5), 5))]).toHaveLength(2);
  });

  it('stops where the bytes end early', () => {
    const payload = Buffer.concat([
      flvTag('video', 0, Buffer.from('a')),
      flvTag('video', 0, Buffer.from('bb')).subarray(0, 12),
    ]);
    expect([...splitAggregate(aggregate(payload, 0))]).toHaveLength(1);
    expect([...splitAggregate(aggregate(Buffer.alloc(3), 0))]).toEqual([]);
  });
});
