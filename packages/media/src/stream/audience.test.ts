import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { LiveStream, type SourceFeed } from './live-stream.js';

const LIMITS = { gopCacheBytesMax: 100_000, queueBytesMax: 10_000, stuckMs: 10_000, mergeMs: 30 };

/** A player that counts its writes. */
class CountingPlayer extends MemoryPlayer {
  readonly writes: Buffer[] = [];

  override write(bytes: Buffer): void {
    this.writes.push(bytes);
    super.write(bytes);
  }
}

function playing(): { stream: LiveStream; feed: SourceFeed } {
  const stream = new LiveStream('__defaultVhost__/live/s', LIMITS, { bytesOut: 0 });
  const feed = stream.attach({ kind: 'publisher', remote: '', agent: '', protocol: 'rtmp' });
  feed.push(VIDEO_HEADER());
  return { stream, feed };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('merged writes', () => {
  it('are one for each player and window, of the same bytes', () => {
    const { stream, feed } = playing();
    const players = [new CountingPlayer('a'), new CountingPlayer('b')];
    for (const player of players) stream.add(player);
    for (const frame of [KEY(0, 1), INTER(10, 2), INTER(20, 3)]) feed.push(frame);
    expect(players.map((player) => player.writes.length)).toEqual([0, 0]);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    for (const frame of [INTER(30, 4), INTER(40, 5)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    const [a, b] = players;
    expect(a?.story).toEqual([
      'video 0 header #0',
      'video 0 key #1',
      'video 10 #2',
      'video 20 #3',
      'video 30 #4',
      'video 40 #5',
    ]);
    expect(b?.story).toEqual(a?.story);
    expect(a?.writes.length).toBe(2);
    expect(a?.writes[1]).toBe(b?.writes[1]);
  });

  it('give who joins within a window everything once', () => {
    const { stream, feed } = playing();
    const early = new CountingPlayer('early');
    stream.add(early);
    feed.push(KEY(0, 1));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    feed.push(INTER(40, 2));
    const late = new CountingPlayer('late');
    stream.add(late);
    const pull = new CountingPlayer('pull');
    stream.add(pull, true);
    feed.push(INTER(80, 3));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    const story = ['video 0 header #0', 'video 0 key #1', 'video 40 #2', 'video 80 #3'];
    for (const player of [early, late, pull]) expect(player.story, player.id).toEqual(story);
  });

  it('do not keep pulls waiting', () => {
    const { stream, feed } = playing();
    const pull = new CountingPlayer('pull');
    const player = new CountingPlayer('player');
    stream.add(pull, true);
    stream.add(player);
    feed.push(KEY(0, 1));
    feed.push(INTER(40, 2));
    expect(pull.story.slice(1)).toEqual(['video 0 key #1', 'video 40 #2']);
    expect(player.story).toEqual([]);
    stream.remove(pull);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.story).toEqual(pull.story);
  });

  it('begin within a window at its keyframe', () => {
    const { stream, feed } = playing();
    const player = new CountingPlayer('p');
    feed.push(KEY(0, 1));
    feed.push(VIDEO_HEADER(5));
    stream.add(player);
    for (const frame of [INTER(40, 2), KEY(50, 3), INTER(60, 4)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.story).toEqual(['video 50 header #5', 'video 50 key #3', 'video 60 #4']);
  });

  it('are sent when the source goes, and leave no timer', () => {
    const { stream, feed } = playing();
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(KEY(0, 1));
    feed.detach();
    expect(player.story).toEqual(['video 0 header #0', 'video 0 key #1']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cost nothing where nobody plays', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    expect(vi.getTimerCount()).toBe(0);
    expect(stream.playerCount).toBe(0);
  });
});
