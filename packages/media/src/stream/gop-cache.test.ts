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
});
