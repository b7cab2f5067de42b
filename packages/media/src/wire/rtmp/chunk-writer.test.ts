import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { describe, expect, it } from 'vitest';
import { RtmpParser } from '../nms/rtmp-parser.js';
import { chunkedBytes, chunkMessage, writeChunks } from './chunk-writer.js';
import type { InMessage } from './message.js';

const LIMITS = { messageBytesMax: 1_000_000, chunkStreamsMax: 64 };

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

function readByParser(bytes: Buffer): InMessage[] {
  const messages: InMessage[] = [];
  const parser = new RtmpParser(
    LIMITS,
    () => {},
    (message) => messages.push(message),
  );
  parser.feed(Buffer.concat([Buffer.of(3), Buffer.alloc(1536), Buffer.alloc(1536)]));
  parser.feed(bytes);
  return messages;
}

const CASES = [2, 3, 63, 64, 319, 320, 65_599].flatMap((chunkStream) =>
  [0, 1000, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff].flatMap((timestampMs) =>
    [1, 127, 128, 129, 256, 1000].map((length) => ({ chunkStream, timestampMs, length })),
  ),
);

describe('chunkMessage', () => {
  it.each([
    ['a plain reader', (bytes: Buffer) => new ChunkReader().read(bytes)],
    ['our parser', readByParser],
  ])('is read back by %s, for all sizes of ids, timestamps and messages', (_name, read) => {
    for (const { chunkStream, timestampMs, length } of CASES) {
      const payload = pattern(length);
      const message = { chunkStream, type: 9, timestampMs, streamId: 1, payload };
      const bytes = chunkMessage(message, 128);
      // Two of them, so that a byte too many or too few shows.
      const expected = expect.objectContaining({ type: 9, timestampMs, streamId: 1, payload });
      expect(
        read(Buffer.concat([bytes, bytes])),
        JSON.stringify({ chunkStream, timestampMs, length }),
      ).toEqual([expected, expected]);
    }
  });

  it('writes the id in 1, 2 or 3 bytes', () => {
    for (const chunkStream of [2, 63, 64, 319, 320, 321, 65_599]) {
      const message = { chunkStream, type: 9, timestampMs: 0, streamId: 1, payload: pattern(300) };
      expect(new ChunkReader().read(chunkMessage(message, 128))).toEqual([message]);
    }
  });

  it('cuts by the given size and repeats the extended timestamp in each chunk', () => {
    const bytes = chunkMessage(
      { chunkStream: 4, type: 8, timestampMs: 0x01020304, streamId: 1, payload: Buffer.from('abcde') },
      3,
    );
    expect(bytes.toString('hex')).toBe(
      '04ffffff0000050801000000' + '01020304' + '616263' + 'c4' + '01020304' + '6465',
    );
  });

  it('writes behind what is there, and nothing beside it', () => {
    for (const [chunkStream, timestampMs, length] of [
      [4, 0, 5],
      [64, 0xffffff, 256],
      [319, 7, 257],
      [320, 0xfffffe, 0],
      [65_599, 0xffffffff, 128],
    ] as const) {
      const out = { chunkStream, type: 9, timestampMs, streamId: 0x01020304, payload: pattern(length) };
      const bytes = chunkMessage(out, 128);
      expect(bytes.length).toBe(chunkedBytes(chunkStream, timestampMs, out.payload.length, 128));
      const room = Buffer.alloc(bytes.length + 7, 0xee);
      expect(writeChunks(room, 3, out, 128)).toBe(3 + bytes.length);
      expect(room.toString('hex')).toBe(`eeeeee${bytes.toString('hex')}eeeeeeee`);
      expect(new ChunkReader().read(bytes)).toEqual([out]);
    }
  });

  it('writes an empty message', () => {
    const bytes = chunkMessage(
      { chunkStream: 3, type: 20, timestampMs: 0, streamId: 0, payload: Buffer.alloc(0) },
      128,
    );
    expect(bytes.toString('hex')).toBe('030000000000001400000000');
  });
});
