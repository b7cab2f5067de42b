import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { describe, expect, it } from 'vitest';
import { setChunkSize } from '../protocols/rtmp/answers.js';
import { AUDIO, KEY } from '../testing/frames.js';
import { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';

function read(batch: PacketBatch): ReturnType<ChunkReader['read']> {
  const reader = new ChunkReader();
  reader.read(setChunkSize());
  return reader.read(batch.wire('rtmp'));
}

describe('PacketBatch', () => {
  it('makes each wire form once', () => {
    const batch = new PacketBatch([new MediaPacket(KEY(1, 2), 77)]);
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const)
      expect(batch.wire(format)).toBe(batch.wire(format));
  });

  it('is on its stream’s time in all forms, with RTMP stream 1', () => {
    const frame = KEY(1, 2);
    const batch = new PacketBatch([new MediaPacket(frame, 0x12345678)]);
    expect(read(batch)).toMatchObject([
      { type: 9, timestampMs: 0x12345678, streamId: 1, payload: frame.payload },
    ]);
    const tag = `0900000634567812000000${frame.payload.toString('hex')}00000011`;
    expect(batch.wire('flv').toString('hex')).toBe(tag);
    expect(batch.wire('ws-flv').toString('hex')).toBe(`8215${tag}`);
  });

  it('keeps the order of its packets in all forms', () => {
    const frames = [AUDIO(1, 1), KEY(2, 2), AUDIO(3, 3)];
    const packets = frames.map((frame) => new MediaPacket(frame, frame.timestampMs));
    const batch = new PacketBatch(packets);
    expect(read(batch).map(({ payload }) => payload)).toEqual(frames.map(({ payload }) => payload));
    const tags = packets.map((packet) => new PacketBatch([packet]).wire('flv'));
    expect(batch.wire('flv')).toEqual(Buffer.concat(tags));
  });

  it('cuts RTMP by the announced chunk size', () => {
    const frame = KEY(0, 1, 150_000);
    const [message] = read(new PacketBatch([new MediaPacket(frame, 0)]));
    expect(message?.payload.equals(frame.payload)).toBe(true);
  });

  it.each([
    [100, 2],
    [500, 4],
    [70_000, 10],
  ])('frames a WebSocket message with %i bytes more by RFC 6455', (bytes, headerBytes) => {
    const batch = new PacketBatch([new MediaPacket(KEY(0, 1, bytes), 0)]);
    const [wire, tag] = [batch.wire('ws-flv'), batch.wire('flv')];
    expect(wire.subarray(headerBytes).equals(tag)).toBe(true);
    expect(wire[0]).toBe(0x82);
    const length = wire.readUInt8(1);
    const told =
      length < 126 ? length : length === 126 ? wire.readUInt16BE(2) : Number(wire.readBigUInt64BE(2));
    expect(told).toBe(tag.length);
  });
});
