import { describe, expect, it } from 'vitest';
import { type MessageStream, MessageStreams, STREAMS_MAX } from './message-streams.js';

const any = (): boolean => true;
const created = (count: number): MessageStreams => {
  const streams = new MessageStreams();
  for (let i = 0; i < count; i += 1) streams.create();
  return streams;
};
const idOf = (stream: MessageStream | null | undefined): number | null => stream?.id ?? null;

describe('MessageStreams', () => {
  it('gives the lowest free id, up to a limit', () => {
    const streams = created(STREAMS_MAX);
    expect(streams.create()).toBeNull();
    const third = streams.find(3, any);
    if (third !== undefined) streams.delete(third);
    expect([idOf(streams.create()), idOf(streams.create())]).toEqual([3, null]);
  });

  it('opens the stream of an id; for one that never was, the last, or a first', () => {
    expect(idOf(created(0).open(0))).toBe(1);
    expect(idOf(created(0).open(7))).toBe(1);
    const streams = created(2);
    expect([1, 2, 0, 7].map((id) => idOf(streams.open(id)))).toEqual([1, 2, 2, 2]);
  });

  it('opens a deleted one anew, where there is room', () => {
    const streams = created(STREAMS_MAX);
    const [first] = [streams.find(1, any)];
    if (first !== undefined) streams.delete(first);
    expect(idOf(streams.open(1))).toBe(1);
    expect(streams.open(1)).not.toBe(first);
    const second = streams.find(2, any);
    if (second !== undefined) streams.delete(second);
    streams.create();
    const full = created(STREAMS_MAX);
    expect(idOf(full.open(STREAMS_MAX + 1))).toBe(STREAMS_MAX);
  });

  it('finds what an unknown id can only mean, and nothing where it could mean two', () => {
    const streams = created(3);
    const isSecond = ({ id }: MessageStream) => id === 2;
    expect(idOf(streams.find(0, isSecond))).toBe(2);
    expect(idOf(streams.find(9, isSecond))).toBe(2);
    expect(idOf(streams.find(0, any))).toBeNull();
    expect(idOf(streams.find(0, () => false))).toBeNull();
  });

  it('lets a command name a stream by its id, by the one that it was begun by, and by 0 where one is meant', () => {
    const streams = created(0);
    streams.open(7);
    expect([1, 7, 0, 8, 99].map((id) => idOf(streams.named(id, any)))).toEqual([1, 1, 1, null, null]);
    expect(idOf(streams.named(7, () => false))).toBeNull();
    streams.open(1);
    expect([1, 7].map((id) => idOf(streams.named(id, any)))).toEqual([1, null]);
    const two = created(2);
    expect([0, 1, 2, 3].map((id) => idOf(two.named(id, any)))).toEqual([null, 1, 2, null]);
  });

  it('takes a deleted id for no other stream', () => {
    const streams = created(2);
    const first = streams.find(1, any);
    if (first !== undefined) streams.delete(first);
    expect(idOf(streams.find(1, any))).toBeNull();
    expect(idOf(streams.find(0, any))).toBe(2);
  });
});
