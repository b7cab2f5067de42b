import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { GopCache } from './gop-cache.js';
import { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';
import { PAGES } from './page-pool.js';

const batch = (frame: Frame, isStart = false) =>
  new PacketBatch([new MediaPacket(frame, frame.timestampMs)], 0, isStart ? [] : null);

const RTMP = { format: 'rtmp', wants: 'all', messageStreamId: 1 } as const;
const timesOf = ({ packets }: GopCache): number[] => packets.map(({ timestampMs }) => timestampMs);

/** What is in these WebSocket frames, none of which is masked (RFC 6455 5.2). */
function unframed(bytes: Buffer): Buffer {
  const payloads: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const from = at + (short < 126 ? 2 : 4);
    const length = short < 126 ? short : bytes.readUInt16BE(at + 2);
    payloads.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  return Buffer.concat(payloads);
}

describe('GopCache', () => {
  it('keeps the packets that it was given, from the last start on', () => {
    const cache = new GopCache(100_000);
    const batches = [
      batch(INTER(0)),
      batch(KEY(40), true),
      batch(INTER(80)),
      batch(KEY(120), true),
      batch(AUDIO(130)),
    ];
    for (const each of batches) cache.add(each);
    expect(timesOf(cache)).toEqual([120, 130]);
    expect(cache.packets.map(({ payload }) => payload)).toEqual(
      [KEY(120), AUDIO(130)].map(({ payload }) => payload),
    );
    expect([cache.timestampMs, cache.startsWithVideo, cache.kinds]).toEqual([
      120,
      true,
      new Set(['video', 'audio']),
    ]);
  });

  it('begins at every start, be it a picture or a sound', () => {
    const cache = new GopCache(100_000);
    for (let ms = 0; ms < 10_000; ms += 20) cache.add(batch(AUDIO(ms), true));
    expect([timesOf(cache), cache.startsWithVideo]).toEqual([[9980], false]);
  });

  it('leaves out the sound, with the headers of then before the rest', () => {
    const cache = new GopCache(100_000);
    const data = { ...AUDIO(45), kind: 'data' } as const;
    const frames = [KEY(0), AUDIO(5), INTER(40), data, AUDIO(50)].map(
      (frame) => new MediaPacket(frame, frame.timestampMs),
    );
    cache.add(new PacketBatch(frames.slice(0, 3), 7, []));
    cache.add(new PacketBatch(frames.slice(3), 8));
    cache.add(batch(AUDIO(60)));
    const header = new MediaPacket(AUDIO(0, 9), 0);
    cache.forgetSound((timestampMs) => (timestampMs === 0 ? [header] : []));
    expect([timesOf(cache), cache.atMs, cache.kinds]).toEqual([[0, 40, 45], 7, new Set(['video', 'data'])]);
    const [first] = cache.items(RTMP);
    expect(first?.headers?.bytes).toEqual(new PacketBatch([header], 7).wire(RTMP).bytes);
    cache.add(batch(AUDIO(70)));
    expect(timesOf(cache)).toEqual([0, 40, 45, 70]);
    const sound = new GopCache(100_000);
    sound.add(batch(AUDIO(0), true));
    sound.add(batch(INTER(40)));
    sound.forgetSound(() => []);
    expect(sound.isEmpty).toBe(true);
  });

  it('keeps nothing of a GOP over its limit, and the next one again', () => {
    const cache = new GopCache(10_000);
    cache.add(batch(KEY(0, 1, 4000), true));
    cache.add(batch(INTER(40, 2, 4000)));
    expect(cache.packets).toHaveLength(2);
    cache.add(batch(INTER(80, 3, 4000)));
    cache.add(batch(INTER(120, 4)));
    expect(cache.packets).toHaveLength(0);
    cache.add(batch(KEY(160, 5, 20_000), true));
    expect(cache.packets).toHaveLength(0);
    cache.add(batch(KEY(200, 6, 4000), true));
    cache.add(batch(INTER(240, 7, 4000)));
    expect(cache.packets).toHaveLength(2);
  });

  it('is full at its limit, not before', () => {
    const packets = [batch(KEY(0, 1, 1000), true), batch(INTER(40, 2, 1000))];
    const bytes = 2 * (6 + 1000 + 256);
    for (const [bytesMax, count] of [
      [bytes, 2],
      [bytes - 1, 0],
    ] as const) {
      const cache = new GopCache(bytesMax);
      for (const each of packets) cache.add(each);
      expect(cache.packets).toHaveLength(count);
    }
  });

  it('counts what small packets cost beside their bytes', () => {
    const cache = new GopCache(10_000);
    cache.add(batch(KEY(0), true));
    for (let i = 0; i < 100; i += 1) cache.add(batch(AUDIO(i)));
    expect(cache.packets).toHaveLength(0);
  });

  describe('as items', () => {
    const WS = { ...RTMP, format: 'ws-flv' } as const;

    /** A keyframe and so many pictures, 40 ms apart, each of so many bytes. */
    function filled(count: number, bytes: number): GopCache {
      const cache = new GopCache(100_000_000);
      for (let index = 0; index < count; index += 1) {
        const frame = index === 0 ? KEY(0, 1, bytes) : INTER(index * 40, index % 100, bytes);
        const packets = [new MediaPacket(frame, frame.timestampMs)];
        cache.add(new PacketBatch(packets, index * 40, index === 0 ? [] : null));
      }
      return cache;
    }

    const wireOf = (cache: GopCache, wish: typeof RTMP | typeof WS) =>
      Buffer.concat(cache.items(wish).map(({ bytes }) => bytes));
    /** The packets' own bytes, tag by tag or chunk by chunk; of WebSocket messages what is in them. */
    const separately = (cache: GopCache, wish: typeof RTMP) =>
      Buffer.concat(
        cache.packets.map(
          (kept) => new PacketBatch([new MediaPacket(kept, kept.timestampMs)], 0).wire(wish).bytes,
        ),
      );
    const FLV = { ...RTMP, format: 'flv' } as const;

    it('is few, the same bytes and frames in the same order, in every form', () => {
      for (const bytes of [10, 8_000, 100_000]) {
        for (const wish of [RTMP, FLV as unknown as typeof RTMP]) {
          const cache = filled(200, bytes);
          expect(wireOf(cache, wish).equals(separately(cache, wish))).toBe(true);
          expect(cache.items(wish).reduce((sum, { frames }) => sum + frames, 0)).toBe(200);
        }
        const cache = filled(200, bytes);
        const tags = separately(cache, FLV as unknown as typeof RTMP);
        expect(unframed(wireOf(cache, WS)).equals(tags)).toBe(true);
      }
      expect(filled(200, 8_000).items(RTMP).length).toBeLessThan(40);
    });

    it('is the same whenever somebody joined before', () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(30_000), fc.nat(400), fc.boolean()), { maxLength: 60 }),
          (frames) => {
            const [joined, fresh] = [new GopCache(100_000_000), new GopCache(100_000_000)];
            let atMs = 0;
            for (const [index, [bytes, stepMs, joins]] of frames.entries()) {
              atMs += stepMs;
              const frame = index === 0 ? KEY(atMs, 1, bytes) : INTER(atMs, index, bytes);
              for (const cache of [joined, fresh])
                cache.add(new PacketBatch([new MediaPacket(frame, atMs)], atMs, index === 0 ? [] : null));
              if (joins) for (const wish of [RTMP, WS]) joined.items(wish);
            }
            expect(wireOf(joined, RTMP).equals(wireOf(fresh, RTMP))).toBe(true);
            expect(unframed(wireOf(joined, WS)).equals(unframed(wireOf(fresh, WS)))).toBe(true);
            for (const { bytes } of joined.items(WS)) expect(bytes.length).toBeLessThanOrEqual(65_536);
            joined.clear();
            fresh.clear();
          },
        ),
      );
    });

    it('gives who join at the same time the same bytes, and who joins a little later those and what came since', () => {
      const cache = filled(20, 8_000);
      const before = cache.items(RTMP);
      expect(cache.items(RTMP)).toEqual(before);
      expect(cache.items(RTMP).every((item, index) => item === before[index])).toBe(true);
      cache.add(batch(INTER(800)));
      const after = cache.items(RTMP);
      expect(after.slice(0, before.length).every((item, index) => item === before[index])).toBe(true);
      expect(after.slice(before.length).map(({ frames }) => frames)).toEqual([1]);
    });

    it('makes each block once, for all who join', () => {
      const cache = filled(200, 8_000);
      const [first] = cache.items(RTMP);
      const packet = new MediaPacket(INTER(8_000), 8_000);
      cache.add(new PacketBatch([packet], 8_000));
      const again = cache.items(RTMP);
      expect(again[0]).toBe(first);
      expect(again[0]?.headers).not.toBeNull();
      expect(again.slice(1).every(({ headers }) => headers === null)).toBe(true);
    });

    it('joins no more than a second, nor more than one piece', () => {
      for (const item of filled(200, 10).items(RTMP)) expect(item.frames).toBeLessThanOrEqual(26);
      for (const item of filled(200, 8_000).items(RTMP))
        expect(item.bytes.length).toBeLessThanOrEqual(262_144);
      // Else `ws` could write a frame of its own into the middle of one of ours.
      for (const item of filled(200, 8_000).items(WS)) expect(item.bytes.length).toBeLessThanOrEqual(65_536);
    });

    it('begins anew with the next start', () => {
      const cache = filled(200, 8_000);
      cache.items(RTMP);
      cache.add(batch(KEY(9_000, 77, 10), true));
      expect(wireOf(cache, RTMP).equals(separately(cache, RTMP))).toBe(true);
      expect(cache.items(RTMP)).toHaveLength(1);
    });

    it('stays few where somebody joins with each packet: what was given is joined, a second or a piece at a time', () => {
      for (const [bytes, itemsMax] of [
        [10, 200 / 26 + 27],
        [8_000, 200 / 32 + 33],
      ] as const) {
        const cache = new GopCache(100_000_000);
        for (let index = 0; index < 200; index += 1) {
          const frame = index === 0 ? KEY(0, 1, bytes) : INTER(index * 40, index % 100, bytes);
          const packets = [new MediaPacket(frame, frame.timestampMs)];
          cache.add(new PacketBatch(packets, index * 40, index === 0 ? [] : null));
          cache.items(RTMP);
        }
        const items = cache.items(RTMP);
        expect(items.length).toBeLessThanOrEqual(itemsMax);
        expect(items.reduce((sum, { frames }) => sum + frames, 0)).toBe(200);
        expect(items.map(({ headers }) => headers !== null)).toEqual(items.map((_, index) => index === 0));
        for (const item of items) {
          expect(item.frames).toBeLessThanOrEqual(bytes === 10 ? 26 : 32);
          expect(item.bytes.length).toBeLessThanOrEqual(262_144);
        }
        // Each is as old as its first packet.
        let frames = 0;
        for (const item of items) {
          expect(item.atMs).toBe(frames * 40);
          frames += item.frames;
        }
      }
    });

    it('is made for those who want a part of it, or it on another message stream', () => {
      const cache = new GopCache(100_000);
      const packets = [KEY(0, 1), AUDIO(5, 2), INTER(40, 3)].map(
        (frame) => new MediaPacket(frame, frame.timestampMs),
      );
      cache.add(new PacketBatch(packets, 0, []));
      for (const wish of [
        { ...RTMP, wants: 'audio' },
        { ...RTMP, wants: 'video' },
        { ...RTMP, messageStreamId: 3 },
      ] as const)
        expect(Buffer.concat(cache.items(wish).map(({ bytes }) => bytes))).toEqual(
          new PacketBatch(packets, 0).wire(wish).bytes,
        );
    });

    it('has the headers of its start before it, and no others', () => {
      const cache = new GopCache(100_000);
      const header = new MediaPacket(AUDIO(0, 9), 0);
      cache.begin(new MediaPacket(KEY(0), 0), 0, [header]);
      cache.push(new MediaPacket(INTER(40), 40), 40);
      const audio = { ...RTMP, wants: 'audio' } as const;
      for (const wish of [RTMP, audio])
        expect(cache.items(wish)[0]?.headers?.bytes).toEqual(new PacketBatch([header], 0).wire(wish).bytes);
    });
  });

  it('holds pages for as long as it has packets', () => {
    const before = PAGES.lent;
    const cache = new GopCache(1_000_000);
    for (let index = 0; index < 50; index += 1) cache.add(batch(KEY(index, index, 30_000), true));
    expect(PAGES.lent - before).toBeLessThanOrEqual(3);
    for (let index = 0; index < 50; index += 1) cache.add(batch(INTER(index, index, 30_000)));
    expect([cache.isEmpty, PAGES.lent - before]).toEqual([true, 0]);
  });
});
