import { describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { LiveStream } from './live-stream.js';
import { isReplayEnd, ReplayWindow, replayEnd } from './replay-window.js';

const times = (frames: readonly { timestampMs: number }[]) => frames.map(({ timestampMs }) => timestampMs);

describe('ReplayWindow', () => {
  it('keeps what came within its time, and gives a part of it', () => {
    const window = new ReplayWindow({ replayMs: 1000, replayBytesMax: 1e6 });
    for (let ms = 0; ms <= 3000; ms += 100) window.push(INTER(ms), ms);
    expect(times(window.frames)).toEqual([2000, 2100, 2200, 2300, 2400, 2500, 2600, 2700, 2800, 2900, 3000]);
    expect(times(window.since(2850))).toEqual([2900, 3000]);
    window.clear();
    expect([window.isEmpty, window.frames]).toEqual([true, []]);
  });

  it('keeps no more bytes than it may, the newest', () => {
    const window = new ReplayWindow({ replayMs: 1e6, replayBytesMax: 10_000 });
    for (let ms = 0; ms < 5000; ms += 1) window.push(INTER(ms, 0, 1000), ms);
    expect(window.frames.length).toBeLessThan(10);
    expect(window.frames.at(-1)?.timestampMs).toBe(4999);
    window.push(INTER(5000, 0, 20_000), 5000);
    expect(window.isEmpty).toBe(true);
  });

  it('ends with a mark that no other message is', () => {
    expect([isReplayEnd(replayEnd()), isReplayEnd(AUDIO(0))]).toEqual([true, false]);
  });
});

describe('a stream with a publisher', () => {
  const LIMITS = {
    gopCacheBytesMax: 1e6,
    queueBytesMax: 1e6,
    stuckMs: 1e6,
    replayMs: 5000,
    replayBytesMax: 1e6,
  };

  it('replays what is older than its last GOP to a pull that asks, and to nobody else', () => {
    const stream = new LiveStream('__defaultVhost__/live/s', LIMITS, { bytesOut: 0 });
    const feed = stream.attach({ kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' });
    for (const frame of [KEY(0, 1), INTER(40, 2), KEY(80, 3), AUDIO(90, 4)]) feed.push(frame);
    const [player, pull] = [new MemoryPlayer('player'), new MemoryPlayer('pull')];
    stream.add(player);
    stream.add(pull, true, 5000);
    feed.push(INTER(120, 5));
    expect(player.story).toEqual(['video 80 key #3', 'audio 90 #4', 'video 120 #5']);
    expect(pull.story).toEqual([
      'video 0 key #1',
      'video 40 #2',
      'video 80 key #3',
      'audio 90 #4',
      'data 0',
      'video 120 #5',
    ]);
  });

  it('replays nothing of a publisher that has gone', () => {
    const stream = new LiveStream('__defaultVhost__/live/s', LIMITS, { bytesOut: 0 });
    const publisher = { kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' } as const;
    const first = stream.attach(publisher);
    first.push(KEY(0, 1));
    first.detach();
    const second = stream.attach(publisher);
    for (const frame of [KEY(500, 7), KEY(540, 8)]) second.push(frame);
    const pull = new MemoryPlayer('pull');
    stream.add(pull, true, 5000);
    expect(pull.story).toHaveLength(3);
    expect(pull.story[0]).toContain('#7');
  });
});
