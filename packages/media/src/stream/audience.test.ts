import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { StreamWorld } from '../testing/stream-world.js';
import type { LiveStream } from './live-stream.js';
import type { PublisherFeed } from './publisher-feed.js';

const LIMITS = {
  gopCacheBytesMax: 100_000,
  queueBytesMax: 10_000,
  queueMs: 5000,
  stuckMs: 10_000,
  mergeMs: 30,
  replayMs: 0,
  replayBytesMax: 0,
};

const REPLAY = { replayMs: 5000, replayBytesMax: 1_000_000 };

/** A player that tells what it got by number. */
class CountingPlayer extends MemoryPlayer {
  /** The numbers of the pictures and sounds that it got. */
  get numbers(): number[] {
    return this.story.filter((line) => !line.includes('header')).map((line) => Number(line.split('#')[1]));
  }
}

function playing(): { stream: LiveStream; feed: PublisherFeed; world: StreamWorld } {
  const world = new StreamWorld(LIMITS);
  const { stream } = world;
  const feed = world.publish();
  feed.push(VIDEO_HEADER());
  return { stream, feed, world };
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
    expect(players.map((player) => player.pieces.length)).toEqual([1, 1]);
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
    expect(a?.pieces.length).toBe(3);
    expectSame(a, b);
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
    expect(player.pieces.length).toBe(2);
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
    stream.addPull(pull, 0);
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
        if (isPull) stream.addPull(player, 0);
        else stream.add(player);
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
    expect(a?.pieces).toHaveLength(1);
    expectSame(a, b);
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
    stream.addPull(pull, 0);
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
    for (const frame of [VIDEO_HEADER(5), INTER(40, 2)]) feed.push(frame);
    const player = new CountingPlayer('p');
    stream.add(player);
    for (const frame of [KEY(50, 3), INTER(60, 4)]) feed.push(frame);
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

  it('end at the very limit of a window', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(INTER(40, 2, 1_048_576 - 6 - 1));
    expect(player.numbers).toEqual([1]);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    feed.push(INTER(80, 3, 1_048_576 - 6));
    expect(player.numbers).toEqual([1, 2, 3]);
  });

  it('are sent when the source goes, and leave no timer', () => {
    const { stream, feed } = playing();
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(KEY(0, 1));
    feed.push(INTER(40, 2));
    feed.end();
    expect(player.numbers).toEqual([1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cost nothing where nobody plays', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    expect(vi.getTimerCount()).toBe(0);
    expect(stream.playerCount).toBe(0);
  });

  /** What who joins is given, buffer by buffer: headers first. */
  function opening(stream: LiveStream): number[] {
    const player = new CountingPlayer('late');
    player.isReading = false;
    stream.add(player);
    return player.queue.take(10_000_000).map(({ length }) => length);
  }

  it('have no part in what comes where nobody plays: who joins is given a second in one buffer', () => {
    const { stream, feed } = playing();
    feed.push(KEY(0, 1));
    vi.advanceTimersByTime(1000);
    feed.push(INTER(1000, 2));
    vi.advanceTimersByTime(1);
    feed.push(INTER(1001, 3));
    feed.push(INTER(1010, 4));
    expect(vi.getTimerCount()).toBe(0);
    // Each RTMP message of these has 18 bytes.
    expect(opening(stream).slice(1)).toEqual([2 * 18, 2 * 18]);
  });

  it.each([
    [1_000, 1],
    [80_000, 2],
  ])('is no more than a piece, with %d bytes more', (bytes, count) => {
    const world = new StreamWorld({ ...LIMITS, gopCacheBytesMax: 10_000_000 });
    const feed = world.publish();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1, 200_000), INTER(40, 2, bytes), INTER(80, 3)])
      feed.push(frame);
    expect(opening(world.stream).slice(1)).toHaveLength(count);
  });
});

/** Both were sent the very same buffers, not such that merely hold the same. */
function expectSame(a: MemoryPlayer | undefined, b: MemoryPlayer | undefined): void {
  const [ours, theirs] = [a, b].map((player) => player?.pieces.flat() ?? []);
  expect(ours?.length).toBeGreaterThan(0);
  expect(ours?.length).toBe(theirs?.length);
  for (const [index, bytes] of (ours ?? []).entries()) expect(bytes).toBe(theirs?.[index]);
}

describe('a start', () => {
  it('begins a batch, so that who joins is given what went out from there on', () => {
    const { stream, feed } = playing();
    const early = new CountingPlayer('early');
    stream.add(early);
    for (const frame of [KEY(0, 1), INTER(40, 2)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    for (const frame of [INTER(80, 3), KEY(120, 4), INTER(160, 5)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    feed.push(INTER(200, 6));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    // One write of one buffer for the window all the same.
    expect(early.pieces.slice(2).map((piece) => piece.length)).toEqual([1, 1]);
    const late = new CountingPlayer('late');
    stream.add(late);
    expect(late.numbers).toEqual([4, 5, 6]);
    const [headers, ...gop] = late.pieces.flat();
    expect(headers?.length).toBeLessThan(50);
    expect(gop).toHaveLength(1);
    const later = new CountingPlayer('later');
    stream.add(later);
    expectSame(late, later);
  });

  it('within a window is where a player that is behind can go on all the same', () => {
    const { stream, feed, world } = playing();
    const { framesDropped } = world.traffic;
    const player = new CountingPlayer('p');
    stream.add(player);
    feed.push(KEY(0, 1));
    player.isReading = false;
    feed.push(INTER(40, 2, LIMITS.queueBytesMax));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    for (const frame of [INTER(80, 3), KEY(120, 4), INTER(160, 5)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    player.resume();
    expect(player.story.slice(2)).toEqual(['video 120 header #0', 'video 120 key #4', 'video 160 #5']);
    expect(framesDropped).toEqual({ queueBytes: 2, queueMs: 0 });
  });

  it('at every sound of a stream of sounds leaves one write for a window, and who joins is near the present', () => {
    const { stream, feed } = soundOnly();
    const player = new CountingPlayer('p');
    stream.add(player);
    const pieces: number[] = [];
    for (let window = 0; window < 100; window += 1) {
      for (let i = 0; i < 3; i += 1) feed.push(AUDIO(window * LIMITS.mergeMs + i * 10, i));
      vi.advanceTimersByTime(LIMITS.mergeMs);
      pieces.push(player.pieces.length);
    }
    expect(pieces.at(-1)).toBeLessThanOrEqual(102);
    const late = new CountingPlayer('late');
    stream.add(late);
    expect(late.story.slice(1)).toEqual(['audio 2970 #0', 'audio 2980 #1', 'audio 2990 #2']);
    expect(player.numbers).toHaveLength(300);
  });

  it('at every sound is where the first player starts, though nobody played before', () => {
    const { stream, feed } = soundOnly();
    for (let ms = 0; ms < 60_000; ms += 20) feed.push(AUDIO(ms, 1));
    const first = new CountingPlayer('first');
    stream.add(first);
    expect(first.story.slice(1)).toEqual(['audio 59980 #1']);
  });

  it('is the newest for who is the first to join, with everything since', () => {
    const { stream, feed } = playing();
    for (let number = 0; number < 250; number += 1) {
      const make = number % 100 === 0 ? KEY : INTER;
      feed.push(make(number * 40, number, 10));
    }
    const first = new CountingPlayer('first');
    stream.add(first);
    expect(first.numbers).toEqual(Array.from({ length: 50 }, (_, at) => 200 + at));
    expect(vi.getTimerCount()).toBe(0);
  });

  function soundOnly() {
    const world = new StreamWorld(LIMITS);
    const { stream } = world;
    const feed = world.publish();
    feed.push(AUDIO_HEADER());
    return { stream, feed };
  }
});

it('a replay sends each frame once', () => {
  const world = new StreamWorld({ ...LIMITS, ...REPLAY });
  const { stream } = world;
  const feed = world.publish();
  feed.push(VIDEO_HEADER());
  const player = new CountingPlayer('player');
  stream.add(player);
  for (let number = 0; number < 40; number += 1) {
    feed.push((number % 10 === 0 ? KEY : INTER)(number * 10, number));
    if (number === 25) feed.push(VIDEO_HEADER());
    vi.advanceTimersByTime(10);
  }
  const [first, second] = [new CountingPlayer('first'), new CountingPlayer('second')];
  for (const pull of [first, second]) stream.addPull(pull, REPLAY.replayMs);
  feed.push(INTER(400, 40));
  const numbers = Array.from({ length: 41 }, (_, at) => at);
  expect(first.numbers.filter((number) => !Number.isNaN(number))).toEqual(numbers);
  expect(second.story).toEqual(first.story);
});

describe('a slow player', () => {
  it('gets nothing more up to a keyframe once media waits too long in its queue, and is counted', () => {
    const { stream, feed, world } = playing();
    const { framesDropped } = world.traffic;
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    const window = (frame: Parameters<PublisherFeed['push']>[0]) => {
      feed.push(frame);
      vi.advanceTimersByTime(LIMITS.mergeMs);
    };
    // It takes a little all the time, so it is not stuck, yet never what was sent last.
    player.isReading = false;
    window(INTER(40, 2));
    vi.advanceTimersByTime(LIMITS.queueMs - LIMITS.mergeMs);
    player.readPiece(1);
    window(INTER(80, 3));
    window(INTER(120, 4));
    expect(framesDropped).toEqual({ queueBytes: 0, queueMs: 2 });
    for (const frame of [INTER(160, 5), KEY(200, 6), INTER(240, 7)]) window(frame);
    expect(framesDropped).toEqual({ queueBytes: 0, queueMs: 5 });
    player.resume();
    for (const frame of [INTER(280, 8), KEY(320, 9), INTER(360, 10)]) window(frame);
    expect(player.numbers).toEqual([1, 2, 9, 10]);
    expect(framesDropped).toEqual({ queueBytes: 0, queueMs: 6 });
    stream.endStuckPlayers(performance.now());
    expect(player.ended).toBeNull();
  });

  it('is counted likewise where its queue holds too much', () => {
    const { stream, feed, world } = playing();
    const { framesDropped } = world.traffic;
    feed.push(KEY(0, 1));
    const player = new CountingPlayer('p');
    stream.add(player);
    player.isReading = false;
    feed.push(INTER(40, 2, LIMITS.queueBytesMax));
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    for (const frame of [INTER(80, 3), INTER(120, 4)]) feed.push(frame);
    vi.advanceTimersByTime(LIMITS.mergeMs);
    expect(framesDropped).toEqual({ queueBytes: 3, queueMs: 0 });
    expect(player.numbers).toEqual([1]);
  });
});
