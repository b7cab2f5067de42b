import { describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { GopCache } from './gop-cache.js';
import { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';

const batch = (frame: Frame, isStart = false) =>
  new PacketBatch([new MediaPacket(frame, frame.timestampMs)], 0, isStart ? [] : null);

describe('GopCache', () => {
  it('keeps the very batches that it was given, from the last start on', () => {
    const cache = new GopCache(100_000);
    const batches = [
      batch(INTER(0)),
      batch(KEY(40), true),
      batch(INTER(80)),
      batch(KEY(120), true),
      batch(AUDIO(130)),
    ];
    for (const each of batches) cache.add(each);
    expect(cache.batches).toEqual(batches.slice(3));
    expect(cache.batches[0]).toBe(batches[3]);
  });

  it('begins at every start, be it a picture or a sound', () => {
    const cache = new GopCache(100_000);
    for (let ms = 0; ms < 10_000; ms += 20) cache.add(batch(AUDIO(ms), true));
    expect(cache.batches.map(({ packets }) => packets[0]?.timestampMs)).toEqual([9980]);
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
    expect(
      cache.batches.map(({ packets, atMs }) => [atMs, ...packets.map(({ timestampMs }) => timestampMs)]),
    ).toEqual([
      [7, 0, 40],
      [8, 45],
    ]);
    expect(cache.batches.map(({ headers }) => headers?.packets ?? null)).toEqual([[header], null]);
    cache.add(batch(AUDIO(70)));
    expect(cache.batches).toHaveLength(3);
    const sound = new GopCache(100_000);
    sound.add(batch(AUDIO(0), true));
    sound.add(batch(INTER(40)));
    sound.forgetSound(() => []);
    expect(sound.batches).toEqual([]);
  });

  it('keeps nothing of a GOP over its limit, and the next one again', () => {
    const cache = new GopCache(10_000);
    cache.add(batch(KEY(0, 1, 4000), true));
    cache.add(batch(INTER(40, 2, 4000)));
    expect(cache.batches).toHaveLength(2);
    cache.add(batch(INTER(80, 3, 4000)));
    cache.add(batch(INTER(120, 4)));
    expect(cache.batches).toHaveLength(0);
    cache.add(batch(KEY(160, 5, 20_000), true));
    expect(cache.batches).toHaveLength(0);
    cache.add(batch(KEY(200, 6, 4000), true));
    cache.add(batch(INTER(240, 7, 4000)));
    expect(cache.batches).toHaveLength(2);
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
      expect(cache.batches).toHaveLength(count);
    }
  });

  it('counts what small packets cost beside their bytes', () => {
    const cache = new GopCache(10_000);
    cache.add(batch(KEY(0), true));
    for (let i = 0; i < 100; i += 1) cache.add(batch(AUDIO(i)));
    expect(cache.batches).toHaveLength(0);
  });

  describe('as items', () => {
    const RTMP = { format: 'rtmp', wants: 'all', messageStreamId: 1 } as const;
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
    const separately = (cache: GopCache, wish: typeof RTMP | typeof WS) =>
      Buffer.concat(cache.batches.map((each) => each.wire(wish).bytes));

    it('is few, the same bytes and frames in the same order, in every form', () => {
      for (const wish of [RTMP, { ...RTMP, format: 'flv' } as const, WS]) {
        for (const bytes of [10, 8_000, 100_000]) {
          const expected = separately(filled(200, bytes), wish as typeof RTMP);
          const cache = filled(200, bytes);
          expect(wireOf(cache, wish as typeof RTMP).equals(expected)).toBe(true);
          expect(cache.items(wish).reduce((sum, { frames }) => sum + frames, 0)).toBe(200);
          expect(separately(cache, wish as typeof RTMP).equals(expected)).toBe(true);
        }
      }
      expect(filled(200, 8_000).items(RTMP).length).toBeLessThan(40);
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

    it('lets packets lie in a block, and nowhere else', () => {
      const cache = filled(200, 8_000);
      const [block] = cache.items(RTMP);
      const lying = cache.batches
        .flatMap(({ packets }) => packets)
        .filter(({ payload }) => payload.buffer === block?.bytes.buffer);
      expect(lying).toHaveLength(block?.frames ?? 0);
      expect(block?.frames).toBeGreaterThan(5);
    });
  });
});
