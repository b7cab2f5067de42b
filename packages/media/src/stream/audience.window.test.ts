import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { Audience } from './audience.js';
import { MediaPacket } from './packet.js';

const MERGE_MS = 30;
const LIMITS = {
  gopCacheBytesMax: 1_000_000,
  queueBytesMax: 1_000_000,
  stuckMs: 10_000,
  mergeMs: MERGE_MS,
};
const packet = (frame: Frame) => new MediaPacket(frame, frame.timestampMs);

/** What ends the connection of the one that a fault befell. */
class FaultyPlayer extends MemoryPlayer {
  readonly faults: unknown[] = [];
  error: Error | null = new TypeError('planted');

  override begin(tracks: Tracks): void {
    if (this.error !== null) throw this.error;
    super.begin(tracks);
  }

  override fault(error: unknown): void {
    this.faults.push(error);
  }
}

class FlvPlayer extends FaultyPlayer {
  override readonly format = 'flv';
  override hand(bytesMax: number): number {
    return this.queue.take(bytesMax).reduce((sum, { length }) => sum + length, 0);
  }
}

let tracks: Tracks | null;
let audience: Audience;

beforeEach(() => {
  vi.useFakeTimers();
  tracks = { audio: true, video: true };
  audience = new Audience(
    LIMITS,
    { bytesOut: 0 },
    {
      tracks: () => tracks,
      headersAt: (atMs) =>
        [VIDEO_HEADER(1), AUDIO_HEADER(1)].map(
          (frame) => new MediaPacket({ ...frame, timestampMs: atMs }, atMs),
        ),
    },
  );
});
afterEach(() => {
  vi.useRealTimers();
});

function send(frame: Frame, isStart = frame.isKeyframe): void {
  audience.send(packet(frame), isStart);
}

const numbers = (player: MemoryPlayer) =>
  player.story.filter((line) => !line.includes('header')).map((line) => Number(line.split('#')[1]));

describe('a fault of one player', () => {
  it('is its own when it is sent to: it is left out from then on, and the others are served', () => {
    const [bad, good] = [new FaultyPlayer('bad'), new MemoryPlayer('good')];
    for (const player of [bad, good]) audience.add(player);
    send(KEY(0, 1));
    send(INTER(40, 2));
    vi.advanceTimersByTime(MERGE_MS);
    expect([bad.faults, numbers(good), audience.size]).toEqual([[bad.error], [1, 2], 1]);
  });

  it('is its own when it is told of the tracks', () => {
    tracks = null;
    const [bad, good] = [new FlvPlayer('bad'), new FlvPlayer('good')];
    good.error = null;
    for (const player of [bad, good]) audience.add(player);
    send(KEY(0, 1));
    vi.advanceTimersByTime(MERGE_MS);
    audience.tracksChanged();
    expect([good.begun, bad.faults]).toEqual([null, []]);
    tracks = { audio: false, video: true };
    audience.tracksChanged();
    expect([good.begun, good.faults, bad.faults, audience.size]).toEqual([tracks, [], [bad.error], 1]);
  });
});

describe('a window', () => {
  it('lets who has sound alone begin with the picture that comes in the midst of it', () => {
    const player = new MemoryPlayer();
    audience.add(player);
    send(AUDIO(0, 1), true);
    expect(numbers(player)).toEqual([1]);
    send(AUDIO(20, 2), true);
    send(AUDIO(40, 3), true);
    send(KEY(42, 4));
    send(INTER(60, 5));
    vi.advanceTimersByTime(MERGE_MS);
    expect(player.story.slice(2)).toEqual([
      'audio 0 #1',
      'audio 20 #2',
      'audio 40 #3',
      'video 42 header #1',
      'audio 42 header #1',
      'video 42 key #4',
      'video 60 #5',
    ]);
  });

  it('feeds a player that is added twice once', () => {
    const player = new MemoryPlayer();
    audience.add(player);
    send(KEY(0, 1));
    audience.add(player);
    send(INTER(40, 2));
    vi.advanceTimersByTime(MERGE_MS);
    expect([numbers(player), audience.size]).toEqual([[1, 2], 1]);
  });

  it('is not ended by who joins, where others play', () => {
    const early = new MemoryPlayer('early');
    audience.add(early);
    send(KEY(0, 1));
    send(INTER(40, 2));
    audience.add(new MemoryPlayer('late'));
    expect(numbers(early)).toEqual([1]);
    vi.advanceTimersByTime(MERGE_MS);
    expect(numbers(early)).toEqual([1, 2]);
  });

  it('leaves an RTMP player that waits for the next start as it is when the tracks change', () => {
    const player = new MemoryPlayer();
    send(KEY(0, 1));
    player.wants = 'nothing';
    audience.add(player);
    player.wants = 'all';
    audience.tracksChanged();
    expect(player.begun).toBeNull();
  });
});
