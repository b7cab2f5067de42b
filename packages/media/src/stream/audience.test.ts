import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUDIO, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { LiveStream } from './live-stream.js';
import type { Traffic } from './player-feed.js';
import type { SourceFeed } from './source-seat.js';

const LIMITS = {
  gopCacheBytesMax: 100_000,
  queueBytesMax: 10_000,
  queueMs: 5000,
  stuckMs: 10_000,
  mergeMs: 30,
  replayMs: 0,
  replayBytesMax: 0,
};

/** A player that counts its writes. */
class CountingPlayer extends MemoryPlayer {
  readonly writes: Buffer[] = [];

  override write(bytes: Buffer): void {
    this.writes.push(bytes);
    super.write(bytes);
  }

  /** The numbers of the pictures and sounds that it got. */
  get numbers(): number[] {
    return this.story.filter((line) => !line.includes('header')).map((line) => Number(line.split('#')[1]));
  }
}

function playing(traffic: Traffic = { bytesOut: 0 }): { stream: LiveStream; feed: SourceFeed } {
  const stream = new LiveStream('__defaultVhost__/live/s', LIMITS, traffic);
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
    feed.push(KEY(0, 1));
    const players = [new CountingPlayer('a'), new CountingPlayer('b')];
    for (const player of players) stream.add(player);
    for (const frame of [INTER(10, 2), INTER(20, 3)]) feed.push(frame);
    expect(players.map((player) => player.writes.length)).toEqual([1, 1]);
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
    expect(a?.writes.length).toBe(3);
    for (const [index, bytes] of (a?.writes ?? []).entries()) expect(bytes).toBe(b?.writes[index]);
  });

  it('give the first picture at once to who waits for it', () => {
    const { stream, feed } = playing();
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(KEY(0, 1));
    expect(player.story).toEqual(['video 0 header #0', 'video 0 key #1']);
    feed.push(INTER(40, 2));
    feed.push(KEY(80, 3));
    expect(player.numbers).toEqual([1]);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.numbers).toEqual([1, 2, 3]);
    expect(player.writes.length).toBe(2);
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

  it('give everybody each packet exactly once and in order, whenever they join', () => {
    const { stream, feed } = playing();
    const frames = Array.from({ length: 60 }, (_, at) => {
      if (at % 15 === 0) return KEY(at * 10, at);
      return at % 3 === 0 ? AUDIO(at * 10, at) : INTER(at * 10, at);
    });
    const players: CountingPlayer[] = [];
    for (const frame of frames) {
      feed.push(frame);
      for (const isPull of [false, true]) {
        const player = new CountingPlayer(`${players.length}`);
        players.push(player);
        stream.add(player, isPull);
      }
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(LIMITS.mergeMs);
    for (const [index, player] of players.entries()) {
      // All joined after the first keyframe, so each has begun with the GOP that it joined in.
      const gop = Math.floor(index / 2 / 15) * 15;
      const got = player.numbers;
      const first = got[0] ?? -1;
      expect([gop, gop - 15], player.id).toContain(first);
      expect(got, player.id).toEqual(Array.from({ length: 60 - first }, (_, at) => first + at));
      expect(player.story[0], player.id).toContain('header');
    }
  });

  it('share one opening among all who join between two windows', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    feed.push(INTER(40, 2));
    const players = [new CountingPlayer('a'), new CountingPlayer('b')];
    for (const player of players) stream.add(player);
    const [a, b] = players;
    expect(a?.numbers).toEqual([1, 2]);
    expect(a?.writes).toHaveLength(1);
    expect(a?.writes[0]).toBe(b?.writes[0]);
    feed.push(INTER(80, 3));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    const late = new CountingPlayer('late');
    stream.add(late);
    expect(late.numbers).toEqual([1, 2, 3]);
  });

  it('do not keep pulls waiting', () => {
    const { stream, feed } = playing();
    const pull = new CountingPlayer('pull');
    const player = new CountingPlayer('player');
    stream.add(pull, true);
    stream.add(player);
    feed.push(KEY(0, 1));
    feed.push(INTER(40, 2));
    expect(pull.numbers).toEqual([1, 2]);
    expect(player.numbers).toEqual([1]);
    stream.remove(pull);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.story).toEqual(pull.story);
  });

  it('begin within a window at its keyframe', () => {
    const { stream, feed } = playing();
    const early = new CountingPlayer('early');
    stream.add(early);
    feed.push(KEY(0, 1));
    feed.push(VIDEO_HEADER(5));
    const player = new CountingPlayer('p');
    stream.add(player);
    for (const frame of [INTER(40, 2), KEY(50, 3), INTER(60, 4)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.story).toEqual(['video 50 header #5', 'video 50 key #3', 'video 60 #4']);
    expect(early.numbers).toEqual([1, 2, 3, 4]);
  });

  it('end a window early that holds too much', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(INTER(40, 2, 600_000));
    expect(player.numbers).toEqual([1]);
    feed.push(INTER(80, 3, 600_000));
    expect(player.numbers).toEqual([1, 2, 3]);
  });

  it('are sent when the source goes, and leave no timer', () => {
    const { stream, feed } = playing();
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(KEY(0, 1));
    feed.push(INTER(40, 2));
    feed.detach();
    expect(player.numbers).toEqual([1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cost nothing where nobody plays', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    expect(vi.getTimerCount()).toBe(0);
    expect(stream.playerCount).toBe(0);
  });
});

describe('a slow player', () => {
  it('gets nothing more up to a keyframe once media waits too long in its queue, and is counted', () => {
    const framesDropped = { queueBytes: 0, queueMs: 0 };
    const { stream, feed } = playing({ bytesOut: 0, framesDropped });
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    const window = (frame: Parameters<SourceFeed['push']>[0]) => {
      feed.push(frame);
      vi.advanceTimersByTime(LIMITS.mergeMs);
    };
    // It takes a little all the time, so it is not stuck, yet never what was sent last.
    player.queuedBytes = 30;
    const startMs = performance.now();
    stream.endStuckPlayers(startMs);
    window(INTER(40, 2));
    player.queuedBytes = player.bytesOut - 10;
    stream.endStuckPlayers(startMs + LIMITS.queueMs);
    window(INTER(80, 3));
    stream.endStuckPlayers(startMs + LIMITS.queueMs + 1);
    for (const frame of [INTER(120, 4), KEY(160, 5), INTER(200, 6)]) window(frame);
    expect(player.numbers).toEqual([1, 2, 3]);
    player.queuedBytes = 0;
    stream.endStuckPlayers(startMs + LIMITS.queueMs + 1000);
    for (const frame of [INTER(240, 7), KEY(280, 8), INTER(320, 9)]) window(frame);
    expect(player.numbers).toEqual([1, 2, 3, 8, 9]);
    expect(framesDropped).toEqual({ queueBytes: 0, queueMs: 4 });
    expect(player.ended).toBeNull();
  });

  it('is counted likewise where its queue holds too much', () => {
    const framesDropped = { queueBytes: 0, queueMs: 0 };
    const { stream, feed } = playing({ bytesOut: 0, framesDropped });
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    player.queuedBytes = LIMITS.queueBytesMax + 1;
    for (const frame of [INTER(40, 2), INTER(80, 3)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(player.numbers).toEqual([1]);
    expect(framesDropped).toEqual({ queueBytes: 2, queueMs: 0 });
  });
});
