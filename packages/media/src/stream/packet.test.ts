import { describe, expect, it } from 'vitest';
import { setChunkSize } from '../rtmp/answers.js';
import { ChunkReader } from '../testing/chunk-reader.js';
import { KEY } from '../testing/frames.js';
import { MediaPacket } from './packet.js';

describe('MediaPacket', () => {
  it('makes each wire form once', () => {
    const packet = new MediaPacket(KEY(1, 2), 77);
    expect(packet.wire('rtmp')).toBe(packet.wire('rtmp'));
    expect(packet.wire('flv')).toBe(packet.wire('flv'));
  });

  it('is on its stream’s time in both forms, with RTMP stream 1', () => {
    const frame = KEY(1, 2);
    const packet = new MediaPacket(frame, 0x12345678);
    const reader = new ChunkReader();
    reader.read(setChunkSize());
    expect(reader.read(packet.rtmp)).toEqual([
      { type: 9, timestampMs: 0x12345678, streamId: 1, payload: frame.payload },
    ]);
    expect(packet.flv.toString('hex')).toBe(`0900000634567812000000${frame.payload.toString('hex')}00000011`);
  });

  it('cuts RTMP by the announced chunk size', () => {
    const frame = KEY(0, 1, 150_000);
    const reader = new ChunkReader();
    reader.read(setChunkSize());
    const [message] = reader.read(new MediaPacket(frame, 0).rtmp);
    expect(message?.payload.equals(frame.payload)).toBe(true);
  });
});
