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

  it('stops where the bytes end early', () => {
    const payload = Buffer.concat([
      flvTag('video', 0, Buffer.from('a')),
      flvTag('video', 0, Buffer.from('bb')).subarray(0, 12),
    ]);
    expect([...splitAggregate(aggregate(payload, 0))]).toHaveLength(1);
    expect([...splitAggregate(aggregate(Buffer.alloc(3), 0))]).toEqual([]);
  });
});
