import { describe, expect, it } from 'vitest';
import { BROADCAST, DIRECT, FRAME_BYTES_MAX, FrameReader, frame } from './frames.js';

describe('FrameReader', () => {
  it.each([1, 2, 3, 7, 1_000])('finds the frames in chunks of %i bytes', (size) => {
    const messages = ['', 'one', 'x'.repeat(300), 'end'].map((text) => Buffer.from(text));
    const stream = Buffer.concat(
      messages.map((message, index) => frame(index % 2 ? BROADCAST : DIRECT, message)),
    );
    const reader = new FrameReader();
    const found: [number, string][] = [];
    for (let at = 0; at < stream.length; at += size)
      expect(
        reader.push(stream.subarray(at, at + size), (channel, message) =>
          found.push([channel, Buffer.from(message).toString()]),
        ),
      ).toBe(true);
    expect(found).toEqual(
      messages.map((message, index) => [index % 2 ? BROADCAST : DIRECT, message.toString()]),
    );
  });

  it('takes a frame of the greatest length', () => {
    const lengths: number[] = [];
    const longest = frame(DIRECT, new Uint8Array(FRAME_BYTES_MAX - 1));
    expect(new FrameReader().push(longest, (_, { byteLength }) => lengths.push(byteLength))).toBe(true);
    expect(lengths).toEqual([FRAME_BYTES_MAX - 1]);
  });

  it.each([0, FRAME_BYTES_MAX + 1, 0xffffffff])('refuses a frame of %i bytes', (length) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(length);
    expect(new FrameReader().push(head, () => {})).toBe(false);
  });
});
