import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { describe, expect, it } from 'vitest';
import { setChunkSize } from '../protocols/rtmp/answers.js';
import { AUDIO, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { WS_FRAME_BYTES } from '../wire/flv/ws-frame.js';
import { MediaPacket } from './packet.js';
import { PacketBatch, PacketWindow, type WireWish } from './packet-batch.js';
import type { WireFormat } from './player.js';

const batchOf = (...packets: MediaPacket[]) => new PacketBatch(packets, 0);
const wish = (more: Partial<WireWish> = {}): WireWish => ({
  format: 'rtmp',
  wants: 'all',
  messageStreamId: 1,
  ...more,
});
const bytes = (batch: PacketBatch, format: WireFormat) => batch.wire(wish({ format })).bytes;

function read(batch: PacketBatch, more: Partial<WireWish> = {}): ReturnType<ChunkReader['read']> {
  const reader = new ChunkReader();
  reader.read(setChunkSize());
  return reader.read(batch.wire(wish(more)).bytes);
}

describe('PacketBatch', () => {
  it('makes each wire form once', () => {
    const batch = batchOf(new MediaPacket(KEY(1, 2), 77));
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const)
      expect(bytes(batch, format)).toBe(bytes(batch, format));
    const rare = wish({ wants: 'video', messageStreamId: 7 });
    expect(batch.wire(rare).bytes).toBe(batch.wire({ ...rare }).bytes);
  });

  it('is on its stream’s time in all forms, with RTMP stream 1', () => {
    const frame = KEY(1, 2);
    const batch = batchOf(new MediaPacket(frame, 0x12345678));
    expect(read(batch)).toMatchObject([
      { type: 9, timestampMs: 0x12345678, streamId: 1, payload: frame.payload },
    ]);
    const tag = `0900000634567812000000${frame.payload.toString('hex')}00000011`;
    expect(bytes(batch, 'flv').toString('hex')).toBe(tag);
    expect(bytes(batch, 'ws-flv').toString('hex')).toBe(`8215${tag}`);
  });

  it('keeps the order of its packets in all forms', () => {
    const frames = [AUDIO(1, 1), KEY(2, 2), AUDIO(3, 3)];
    const packets = frames.map((frame) => new MediaPacket(frame, frame.timestampMs));
    const batch = batchOf(...packets);
    expect(read(batch).map(({ payload }) => payload)).toEqual(frames.map(({ payload }) => payload));
    const tags = packets.map((packet) => bytes(batchOf(packet), 'flv'));
    expect(bytes(batch, 'flv')).toEqual(Buffer.concat(tags));
  });

  it('cuts RTMP by the announced chunk size', () => {
    const frame = KEY(0, 1, 150_000);
    const [message] = read(batchOf(new MediaPacket(frame, 0)));
    expect(message?.payload.equals(frame.payload)).toBe(true);
  });

  it.each([
    [100, 2],
    [500, 4],
    [65_000, 4],
  ])('frames a WebSocket message with %i bytes more by RFC 6455', (more, headerBytes) => {
    const batch = batchOf(new MediaPacket(KEY(0, 1, more), 0));
    const [wire, tag] = [bytes(batch, 'ws-flv'), bytes(batch, 'flv')];
    expect(wire.subarray(headerBytes).equals(tag)).toBe(true);
    expect(wire[0]).toBe(0x82);
    const length = wire.readUInt8(1);
    expect(length < 126 ? length : wire.readUInt16BE(2)).toBe(tag.length);
  });

  it.each([65_000, 65_511, 65_512, 131_000, 300_000])(
    'cuts a WebSocket message of %i bytes and more into frames, at each of which a piece may end',
    (more) => {
      const batch = batchOf(new MediaPacket(KEY(0, 1, more), 0));
      const [wire, tag] = [bytes(batch, 'ws-flv'), bytes(batch, 'flv')];
      const payloads: Buffer[] = [];
      for (let at = 0; at < wire.length; at += WS_FRAME_BYTES) {
        const frame = wire.subarray(at, at + WS_FRAME_BYTES);
        const isLast = at + WS_FRAME_BYTES >= wire.length;
        expect(frame[0]).toBe((isLast ? 0x80 : 0) | (at === 0 ? 2 : 0));
        const length = frame.readUInt8(1);
        const payload = frame.subarray(length < 126 ? 2 : 4);
        expect(length < 126 ? length : frame.readUInt16BE(2)).toBe(payload.length);
        payloads.push(payload);
      }
      expect(payloads.length).toBe(Math.ceil(tag.length / (WS_FRAME_BYTES - 4)));
      expect(Buffer.concat(payloads).equals(tag)).toBe(true);
    },
  );

  it('has only what is wanted in it, on the message stream that is played', () => {
    const metadata = METADATA();
    const frames = [metadata, VIDEO_HEADER(), AUDIO(1, 1), KEY(2, 2), AUDIO(3, 3)];
    const batch = batchOf(...frames.map((frame) => new MediaPacket(frame, frame.timestampMs)));
    expect(read(batch, { wants: 'audio' }).map(({ type }) => type)).toEqual([18, 8, 8]);
    expect(read(batch, { wants: 'video', messageStreamId: 9 })).toMatchObject([
      { type: 18, streamId: 9 },
      { type: 9, streamId: 9 },
      { type: 9, streamId: 9 },
    ]);
    expect([
      batch.wire(wish()).frames,
      batch.wire(wish({ wants: 'audio' })).frames,
      batch.wire(wish({ wants: 'video' })).frames,
    ]).toEqual([3, 2, 1]);
    const sounds = batchOf(new MediaPacket(AUDIO(1, 1), 1));
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const)
      expect(sounds.wire(wish({ wants: 'video', format })).bytes).toHaveLength(0);
  });

  it('keeps only some rare forms', () => {
    const batch = batchOf(new MediaPacket(KEY(0, 1), 0));
    for (let messageStreamId = 2; messageStreamId < 100; messageStreamId += 1) {
      expect(read(batch, { messageStreamId })).toMatchObject([{ streamId: messageStreamId }]);
    }
    const [early, late] = [2, 99].map((messageStreamId) => wish({ messageStreamId }));
    expect(batch.wire(early as WireWish).bytes).toBe(batch.wire(early as WireWish).bytes);
    expect(batch.wire(late as WireWish).bytes).not.toBe(batch.wire(late as WireWish).bytes);
  });

  it('keeps 16 rare forms, by all that makes them differ', () => {
    const batch = batchOf(new MediaPacket(KEY(0, 1), 0));
    const rare = Array.from({ length: 17 }, (_, index) => wish({ messageStreamId: index + 2 }));
    for (const each of rare) batch.wire(each);
    const isKept = (each: WireWish) => batch.wire(each) === batch.wire({ ...each });
    expect(rare.map(isKept)).toEqual([...Array(16).fill(true), false]);
    const other = batchOf(new MediaPacket(KEY(0, 1), 0));
    const forms = [
      wish({ wants: 'video' }),
      wish({ wants: 'audio' }),
      wish({ wants: 'video', format: 'flv' }),
      wish({ wants: 'video', messageStreamId: 2 }),
      wish({ messageStreamId: 2 }),
    ].map((each) => other.wire(each));
    expect(new Set(forms).size).toBe(forms.length);
  });

  it('has headers for who starts with it, in the same form, where it is a start', () => {
    const headers = [METADATA(), VIDEO_HEADER(1)].map((frame) => new MediaPacket(frame, 40));
    const pictures = new PacketBatch([new MediaPacket(KEY(40, 1), 40)], 7, headers);
    const sounds = new PacketBatch([new MediaPacket(AUDIO(40, 1), 40)], 7, headers);
    expect(pictures.headers?.packets).toEqual(headers);
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const) {
      const item = pictures.wire(wish({ format }));
      expect(item.headers?.bytes).toEqual(batchOf(...headers).wire(wish({ format })).bytes);
      expect([item.headers?.frames, item.headers?.atMs, item.atMs, item.frames]).toEqual([0, 7, 7, 1]);
    }
    // Who wants pictures alone starts at no sound.
    expect(sounds.wire(wish({ wants: 'video' })).headers).toBeNull();
    expect(pictures.wire(wish({ wants: 'video' })).headers).not.toBeNull();
    const sound = sounds.wire(wish({ wants: 'audio' })).headers;
    expect(sound?.bytes).toEqual(batchOf(...headers.slice(0, 1)).wire(wish()).bytes);
    expect(batchOf(new MediaPacket(KEY(0, 1), 0)).wire(wish()).headers).toBeNull();
  });
});

describe('PacketWindow', () => {
  const batches = (): PacketBatch[] => [
    new PacketBatch([new MediaPacket(VIDEO_HEADER(1), 40)], 5, []),
    new PacketBatch(
      [KEY(40, 1), AUDIO(50, 2)].map((frame) => new MediaPacket(frame, frame.timestampMs)),
      6,
    ),
    new PacketBatch([new MediaPacket(KEY(80, 3), 80)], 7, []),
  ];

  it('is the batch itself where there is one', () => {
    const batch = batchOf(new MediaPacket(KEY(0, 1), 0));
    expect(new PacketWindow([batch]).wire(wish())).toBe(batch.wire(wish()));
  });

  it('gives all batches as one item, the same for all players of a format', () => {
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const) {
      const window = new PacketWindow(batches());
      const item = window.wire(wish({ format }));
      expect(item.bytes).toEqual(Buffer.concat(batches().map((batch) => batch.wire(wish({ format })).bytes)));
      expect([item.frames, item.atMs, item.headers]).toEqual([3, 5, null]);
      expect(window.wire(wish({ format }))).toBe(item);
      // The batches' own bytes are parts of it.
      let at = 0;
      for (const batch of window.batches) {
        const own = batch.wire(wish({ format })).bytes;
        expect(own.buffer).toBe(item.bytes.buffer);
        expect(own.byteOffset).toBe(item.bytes.byteOffset + at);
        at += own.length;
      }
      expect(at).toBe(item.bytes.length);
    }
  });

  it('gives what is wanted to players that want another', () => {
    const window = new PacketWindow(batches());
    const common = window.wire(wish()).bytes;
    for (const more of [{ wants: 'audio' }, { wants: 'video' }, { messageStreamId: 3 }] as const) {
      const { bytes: own } = window.wire(wish(more));
      expect(own).toEqual(Buffer.concat(batches().map((batch) => batch.wire(wish(more)).bytes)));
      expect(own).not.toEqual(common);
    }
    expect(window.wire(wish()).bytes).toBe(common);
    expect(window.wire(wish({ format: 'flv' })).bytes).not.toEqual(common);
  });
});

describe('a window of batches', () => {
  it.each(['rtmp', 'flv', 'ws-flv'] as const)(
    'is one buffer of which their forms are parts, %s, whether they were there or not',
    (format) => {
      const packets = () =>
        [VIDEO_HEADER(1), KEY(0, 1, 5_000), AUDIO(3, 3)].map((frame) => new MediaPacket(frame, 7));
      for (const made of [[], [0], [1], [0, 1]]) {
        const batches = [batchOf(...packets().slice(0, 2)), batchOf(...packets().slice(2))];
        const expected = Buffer.concat(
          [packets().slice(0, 2), packets().slice(2)].map((some) => bytes(batchOf(...some), format)),
        );
        for (const index of made) batches[index]?.wire(wish({ format }));
        const window = new PacketWindow(batches).wire(wish({ format }));
        expect(window.bytes.equals(expected)).toBe(true);
        expect(batches.every((batch) => bytes(batch, format).buffer === window.bytes.buffer)).toBe(true);
      }
    },
  );

  it('leaves the packets where they are', () => {
    const packets = [VIDEO_HEADER(1), KEY(0, 1, 5_000), KEY(40, 4, 150_000)].map(
      (frame) => new MediaPacket(frame, 7),
    );
    const before = packets.map(({ payload }) => payload);
    for (const format of ['rtmp', 'flv', 'ws-flv'] as const) bytes(batchOf(...packets), format);
    expect(packets.every(({ payload }, index) => payload === before[index])).toBe(true);
  });
});

describe('a window as one item', () => {
  const window = (count: number, size: number) =>
    new PacketWindow(
      Array.from({ length: count }, (_, index) => batchOf(new MediaPacket(KEY(index, 1, size), 0))),
    );

  it('is none where a piece could end within a WebSocket frame', () => {
    expect(window(3, 30_000).isOneItem(wish({ format: 'ws-flv' }))).toBe(false);
    expect(window(3, 20_000).isOneItem(wish({ format: 'ws-flv' }))).toBe(true);
    expect(window(1, 90_000).isOneItem(wish({ format: 'ws-flv' }))).toBe(true);
    for (const format of ['rtmp', 'flv'] as const)
      expect(window(3, 30_000).isOneItem(wish({ format }))).toBe(true);
  });
});
