import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { MediaPacket } from './packet.js';
import { PacketBatch, PacketWindow } from './packet-batch.js';
import { type Moment, PlayerFeed } from './player-feed.js';
import { pastOf } from './replay.js';

const BOTH: Tracks = { audio: true, video: true };
const SOUND: Tracks = { audio: true, video: false };
const PICTURES: Tracks = { audio: false, video: true };
const LIMITS = { queueBytesMax: 1000, queueMs: 4000, stuckMs: 3000 };

class FlvPlayer extends MemoryPlayer {
  override readonly format = 'flv';
  override hand(bytesMax: number): number {
    return this.queue.take(bytesMax).reduce((sum, { length }) => sum + length, 0);
  }
}

let nowMs: number;
let dropped: { queueBytes: number; queueMs: number };
let traffic: { bytesOut: number; framesDropped: typeof dropped };
let player: MemoryPlayer;
let feed: PlayerFeed;

beforeEach(() => {
  nowMs = 50_000;
  dropped = { queueBytes: 0, queueMs: 0 };
  traffic = { bytesOut: 0, framesDropped: dropped };
  use(new MemoryPlayer());
});

function use(another: MemoryPlayer): void {
  player = another;
  feed = new PlayerFeed(player, LIMITS, traffic);
}

const packet = (frame: Frame) => new MediaPacket(frame, frame.timestampMs);
const HEADERS = [packet(VIDEO_HEADER(1))];

/** One frame; with headers where players can start at it. */
function batch(frame: Frame, isStart = frame.isKeyframe): PacketBatch {
  return new PacketBatch([packet(frame)], nowMs, isStart ? HEADERS : null);
}

const moment = (tracks: Tracks | null = BOTH): Moment => ({
  nowMs,
  tracks,
  headersAt: () => new PacketBatch(HEADERS, nowMs),
  isForPulls: false,
  isPast: false,
});

/** Frames go out, each in a window of its own. */
function deliver(...frames: readonly Frame[]): void {
  for (const frame of frames) feed.deliver(new PacketWindow([batch(frame)]), moment());
}

/** A picture whose RTMP message has so many bytes. */
const inter = (id: number, bytes: number): Frame => INTER(id * 40, id, bytes - 18);

const ids = (): number[] =>
  player.story.filter((line) => !line.includes('header')).map((line) => Number(line.split('#')[1]));

describe('a player that waits for a start', () => {
  it('is ready for one while it wants something, until it has one', () => {
    expect(feed.isReadyToStart(moment())).toBe(true);
    expect(feed.isReadyToStart(moment(null))).toBe(true);
    player.wants = 'nothing';
    expect(feed.isReadyToStart(moment())).toBe(false);
    player.wants = 'all';
    deliver(KEY(0, 1));
    expect(feed.isReadyToStart(moment())).toBe(false);
    feed.pause();
    expect(feed.isReadyToStart(moment())).toBe(true);
    deliver(INTER(40, 2));
    expect(ids()).toEqual([1]);
    feed.close();
    expect(feed.isReadyToStart(moment())).toBe(false);
    deliver(KEY(80, 3));
    expect(ids()).toEqual([1]);
  });

  it('is told of both tracks where it is not known which there are', () => {
    feed.deliver(new PacketWindow([batch(KEY(0, 1))]), moment(null));
    expect(player.begun).toEqual(BOTH);
  });

  it('goes on with the next source though its tracks are not known yet, told once, also where it plays FLV', () => {
    use(new FlvPlayer());
    deliver(KEY(0, 1));
    feed.pause();
    expect(feed.isReadyToStart(moment(null))).toBe(true);
    feed.deliver(new PacketWindow([batch(KEY(80, 2))]), moment(null));
    feed.deliver(new PacketWindow([batch(INTER(120, 3))]), moment());
    expect(feed.isReadyToStart(moment())).toBe(false);
    expect(player.begun).toEqual(BOTH);
    // Three frames, and the headers before each start.
    expect(feed.framesDropped).toBe(0);
  });

  it('waits for the tracks to be known where it plays FLV', () => {
    use(new FlvPlayer());
    const window = () => new PacketWindow([batch(KEY(0, 1))]);
    expect(feed.isReadyToStart(moment(null))).toBe(false);
    feed.deliver(window(), moment(null));
    expect(player.begun).toBeNull();
    feed.deliver(window(), moment(SOUND));
    expect(player.begun).toEqual(SOUND);
  });

  it('begins with what came before, once', () => {
    const headers = new PacketBatch(HEADERS, nowMs);
    const past = [batch(KEY(0, 1)), batch(INTER(40, 2))];
    player.wants = 'nothing';
    feed.open(headers, pastOf(past), moment());
    expect(player.begun).toBeNull();
    player.wants = 'all';
    feed.open(headers, pastOf(past), moment());
    feed.open(headers, pastOf(past), moment());
    expect(ids()).toEqual([1, 2]);
    deliver(INTER(80, 3));
    expect(ids()).toEqual([1, 2, 3]);
  });
});

describe('a player that says nothing of what it wants', () => {
  it('gets all', () => {
    for (const isLate of [false, true]) {
      use(new MemoryPlayer());
      delete (player as Partial<MemoryPlayer>).wants;
      expect(feed.isReadyToStart(moment())).toBe(true);
      if (isLate) feed.open(new PacketBatch(HEADERS, nowMs), pastOf([batch(KEY(0, 1))]), moment());
      else deliver(KEY(0, 1));
      deliver(AUDIO(10, 2), INTER(40, 3));
      expect(ids()).toEqual([1, 2, 3]);
    }
  });
});

describe('a player that does not read', () => {
  beforeEach(() => {
    deliver(KEY(0, 1));
    player.isReading = false;
  });

  it('is behind when more than its limit of bytes waits, not before', () => {
    deliver(inter(2, 600), inter(3, 400), inter(4, 50));
    expect(player.queue.queuedBytes).toBe(1050);
    expect([feed.framesDropped, dropped]).toEqual([0, { queueBytes: 0, queueMs: 0 }]);
    deliver(inter(5, 50));
    expect([feed.framesDropped, dropped]).toEqual([4, { queueBytes: 4, queueMs: 0 }]);
    deliver(AUDIO(210, 6));
    expect([feed.framesDropped, dropped.queueBytes]).toEqual([5, 5]);
    // It starts again with a keyframe, at once, though it has not read.
    deliver(KEY(240, 7), INTER(280, 8));
    player.resume();
    expect(ids()).toEqual([1, 7, 8]);
    deliver(INTER(320, 9));
    expect([ids().at(-1), feed.framesDropped]).toEqual([9, 5]);
  });

  it('is behind when something waits longer than its limit of time, not before', () => {
    deliver(inter(2, 50));
    nowMs += 4000;
    deliver(inter(3, 50));
    expect(dropped).toEqual({ queueBytes: 0, queueMs: 0 });
    nowMs += 1;
    deliver(inter(4, 50));
    expect([feed.framesDropped, dropped]).toEqual([3, { queueBytes: 0, queueMs: 3 }]);
  });

  it('goes on at a start in its queue that leaves half of its limits', () => {
    deliver(inter(2, 700), KEY(80, 3), inter(4, 300));
    deliver(inter(5, 50));
    expect(dropped).toEqual({ queueBytes: 1, queueMs: 0 });
    player.resume();
    expect(ids()).toEqual([1, 3, 4, 5]);
    deliver(INTER(400, 6));
    expect(ids().at(-1)).toBe(6);
  });

  it('does not go on at a start that leaves more than half, of bytes or of time', () => {
    deliver(inter(2, 400), KEY(80, 3), inter(4, 550), inter(5, 50), inter(6, 50));
    expect(dropped).toEqual({ queueBytes: 5, queueMs: 0 });
    player.resume();
    expect(ids()).toEqual([1]);
    deliver(KEY(400, 7));
    player.isReading = false;
    deliver(inter(8, 50));
    nowMs += 1999;
    deliver(KEY(480, 9));
    nowMs += 2002;
    deliver(inter(10, 50));
    expect(dropped).toEqual({ queueBytes: 5, queueMs: 3 });
  });

  it('starts with another source once no more than half of its limit is left to read', () => {
    for (const [bytes, isReady] of [
      [500, true],
      [501, false],
    ] as const) {
      use(new MemoryPlayer());
      deliver(KEY(0, 1));
      player.isReading = false;
      deliver(inter(2, bytes));
      feed.pause();
      expect(feed.isReadyToStart(moment())).toBe(isReady);
      nowMs += 4001;
      expect(feed.isReadyToStart(moment())).toBe(false);
    }
  });

  it('goes on at a start that is half as old as its limit', () => {
    deliver(inter(2, 50));
    nowMs += 2001;
    deliver(KEY(80, 3));
    nowMs += 2000;
    deliver(inter(4, 50));
    expect(dropped).toEqual({ queueBytes: 0, queueMs: 1 });
    player.resume();
    expect(ids()).toEqual([1, 3, 4]);
  });

  it('is counted where nobody counts for all', () => {
    player = new MemoryPlayer();
    feed = new PlayerFeed(player, LIMITS, { bytesOut: 0 });
    deliver(KEY(0, 1));
    player.isReading = false;
    deliver(inter(2, 1100), inter(3, 50));
    expect(feed.framesDropped).toBe(2);
  });

  it('is stuck once the kernel has taken nothing for so long', () => {
    deliver(inter(2, 100));
    expect(feed.isStuck(nowMs)).toBe(false);
    expect(feed.isStuck(nowMs + 2999)).toBe(false);
    expect(feed.isStuck(nowMs + 3000)).toBe(true);
    player.readPiece(50);
    expect(feed.isStuck(nowMs + 3000)).toBe(false);
    expect(feed.isStuck(nowMs + 5999)).toBe(false);
    expect(feed.isStuck(nowMs + 6000)).toBe(true);
    player.resume();
    expect(feed.isStuck(nowMs + 9000)).toBe(false);
    // An empty queue is no stuck one, however long nothing is sent.
    expect(feed.isStuck(nowMs + 90_000)).toBe(false);
  });

  it('is not stuck when it has gone', () => {
    deliver(inter(2, 100));
    feed.isStuck(nowMs);
    feed.close();
    expect(feed.isStuck(nowMs + 3000)).toBe(false);
  });
});

describe('traffic', () => {
  it('is what the kernel took, counted once', () => {
    deliver(KEY(0, 1));
    player.isReading = false;
    deliver(inter(2, 100));
    const { sentBytes } = player.queue;
    expect(traffic.bytesOut).toBe(sentBytes);
    player.resume();
    feed.isStuck(nowMs);
    expect(traffic.bytesOut).toBe(sentBytes + 100);
    player.isReading = false;
    deliver(inter(3, 100));
    player.resume();
    feed.close();
    feed.close();
    expect(traffic.bytesOut).toBe(sentBytes + 200);
  });
});

describe('an FLV player’s header', () => {
  const FRAMES = { audio: AUDIO(10, 2), video: INTER(10, 2) } as const;

  it.each([
    // Told of, got, there now: is it a lie?
    [BOTH, [], BOTH, false],
    [BOTH, [], SOUND, true],
    [BOTH, ['audio'], SOUND, true],
    [BOTH, ['audio', 'video'], SOUND, false],
    [BOTH, ['audio', 'video'], PICTURES, false],
    [BOTH, ['video'], PICTURES, true],
    [SOUND, ['audio'], SOUND, false],
    [SOUND, ['audio'], BOTH, true],
    [PICTURES, ['video'], BOTH, true],
    [PICTURES, [], PICTURES, false],
  ] as const)('%j, of which came %j, while there are %j: a lie is %s', (told, got, there, isLie) => {
    use(new FlvPlayer());
    const nothing = { atMs: nowMs, startsWithVideo: true, kinds: new Set<never>(), items: () => [] };
    feed.open(new PacketBatch(HEADERS, nowMs), nothing, moment(told));
    deliver(...got.map((kind) => FRAMES[kind]));
    feed.endIfTracksDiffer(there);
    expect(player.ended).toBe(isLie ? 'tracks-changed' : null);
    const { queuedBytes, sentBytes } = player.queue;
    deliver(KEY(400, 9));
    expect(player.queue.queuedBytes + player.queue.sentBytes > queuedBytes + sentBytes).toBe(!isLie);
  });

  it('is a lie where only a header came of what is not there', () => {
    use(new FlvPlayer());
    feed.open(new PacketBatch(HEADERS, nowMs), pastOf([batch(KEY(0, 1))]), moment(BOTH));
    deliver(AUDIO_HEADER(1));
    feed.endIfTracksDiffer(PICTURES);
    expect(player.ended).toBe('tracks-changed');
  });

  it('is none before it begins, and none that an RTMP player has', () => {
    use(new FlvPlayer());
    feed.endIfTracksDiffer(SOUND);
    expect(player.ended).toBeNull();
    use(new MemoryPlayer());
    deliver(KEY(0, 1));
    feed.endIfTracksDiffer(SOUND);
    expect(player.ended).toBeNull();
  });
});
