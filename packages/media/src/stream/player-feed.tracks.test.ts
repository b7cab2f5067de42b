import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { MediaPacket } from './packet.js';
import { PacketBatch, PacketWindow } from './packet-batch.js';
import { type Moment, PlayerFeed } from './player-feed.js';
import { pastOf } from './replay.js';

const BOTH: Tracks = { audio: true, video: true };
const SOUND: Tracks = { audio: true, video: false };
const PICTURES: Tracks = { audio: false, video: true };

class FlvPlayer extends MemoryPlayer {
  override readonly format = 'flv';
  override hand(bytesMax: number): number {
    return this.queue.take(bytesMax).reduce((sum, { length }) => sum + length, 0);
  }
}

let nowMs: number;
let traffic: { bytesOut: number; framesDropped: { queueBytes: number; queueMs: number } };
let player: MemoryPlayer;
let feed: PlayerFeed;

beforeEach(() => {
  nowMs = 50_000;
  traffic = { bytesOut: 0, framesDropped: { queueBytes: 0, queueMs: 0 } };
  use(new MemoryPlayer());
});

function use(another: MemoryPlayer): void {
  player = another;
  feed = new PlayerFeed(player, { queueBytesMax: 1000, queueMs: 4000, stuckMs: 3000 }, traffic);
}

const packet = (frame: Frame) => new MediaPacket(frame, frame.timestampMs);
const HEADERS = [packet(VIDEO_HEADER(1)), packet(AUDIO_HEADER(1))];
const headers = () => new PacketBatch(HEADERS, nowMs);
const CUE = (at: number): Frame => makeFrame('data', at, encodeAmf0('onCuePoint', {}));

/** Frames that go out together; with headers where players can start at the first. */
const batch = (frames: readonly Frame[], isStart = frames[0]?.isKeyframe): PacketBatch =>
  new PacketBatch(frames.map(packet), nowMs, isStart ? HEADERS : null);

/** A sound that players can start at: no picture has come for a while. */
const soundStart = (at: number, id: number) => batch([AUDIO(at, id)], true);

const moment = (more: Partial<Moment> = {}): Moment => ({
  nowMs,
  tracks: BOTH,
  headersAt: headers,
  isForPulls: false,
  isPast: false,
  ...more,
});

function deliver(...batches: readonly PacketBatch[]): void {
  for (const each of batches) feed.deliver(new PacketWindow([each]), moment());
}

const one = (frame: Frame): PacketBatch => batch([frame]);

/** A picture whose RTMP message has so many bytes. */
const inter = (id: number, bytes: number): PacketBatch => one(INTER(id * 40, id, bytes - 18));

/** What came: pictures and sounds by their numbers, all else by its kind. */
const story = (): string[] =>
  player.story.map((line) =>
    line.includes('header') || line.startsWith('data')
      ? (line.split(' ')[0] ?? '')
      : (line.split('#')[1] ?? ''),
  );
const BOTH_HEADERS = ['video', 'audio'];

describe('a player that begins with sound', () => {
  const past = () => pastOf([soundStart(10, 1), batch([INTER(40, 2), AUDIO(50, 3)])]);

  it('gets no pictures of the past, nor later ones up to a keyframe', () => {
    feed.open(headers(), past(), moment());
    expect(story()).toEqual([...BOTH_HEADERS, '1', '3']);
    deliver(batch([INTER(80, 4), AUDIO(90, 5)]), one(KEY(120, 6)), one(INTER(160, 7)));
    expect(story()).toEqual([...BOTH_HEADERS, '1', '3', '5', ...BOTH_HEADERS, '6', '7']);
  });

  it('gets them all the same where it passes the stream on: who plays there begins anew', () => {
    feed.open(headers(), past(), moment({ isForPulls: true }));
    expect(story()).toEqual([...BOTH_HEADERS, '1', '2', '3']);
  });

  it('gets its headers once, however many sounds could be begun at and whether it reads or not', () => {
    deliver(soundStart(10, 1), soundStart(30, 2));
    player.isReading = false;
    deliver(soundStart(50, 3), soundStart(70, 4));
    player.resume();
    expect(story()).toEqual([...BOTH_HEADERS, '1', '2', '3', '4']);
  });

  it('gets a window of several sounds as one buffer, as all players do', () => {
    deliver(soundStart(10, 1));
    feed.deliver(new PacketWindow([one(AUDIO(30, 2)), one(AUDIO(50, 3))]), moment());
    expect(player.pieces.at(-1)).toHaveLength(1);
    expect(story()).toEqual([...BOTH_HEADERS, '1', '2', '3']);
  });
});

describe('a player that wants pictures alone', () => {
  beforeEach(() => {
    player.wants = 'video';
  });

  it('does not begin with a past that begins with sound: nothing in it can be shown', () => {
    feed.open(headers(), pastOf([soundStart(10, 1), one(INTER(40, 2))]), moment());
    expect(player.begun).toBeNull();
    deliver(one(INTER(80, 3)), one(KEY(120, 4)));
    expect(story()).toEqual(['video', '4']);
  });

  it('begins with one that begins with a picture', () => {
    feed.open(headers(), pastOf([batch([KEY(0, 1), AUDIO(10, 2), INTER(40, 3)])]), moment());
    expect(story()).toEqual(['video', '1', '3']);
  });

  it('hears nothing more once it no longer wants sound, and waits for a picture to start at', () => {
    player.wants = 'audio';
    deliver(one(AUDIO(10, 1)), one(AUDIO(30, 2)));
    expect(story()).toEqual(['audio', '1', '2']);
    player.wants = 'video';
    deliver(batch([AUDIO(50, 3), INTER(60, 4)]), one(CUE(65)), one(AUDIO(70, 5)));
    expect(story()).toEqual(['audio', '1', '2']);
    expect(feed.isReadyToStart(moment())).toBe(true);
    deliver(one(KEY(80, 6)));
    expect(story()).toEqual(['audio', '1', '2', 'video', '6']);
  });
});

describe('a player that wants sound alone', () => {
  it('gets its headers once, also where it does not read', () => {
    player.wants = 'audio';
    deliver(one(AUDIO(10, 1)));
    player.isReading = false;
    deliver(one(AUDIO(30, 2)), one(AUDIO(50, 3)));
    player.resume();
    expect(story()).toEqual(['audio', '1', '2', '3']);
  });
});

describe('a player that wants nothing for a while', () => {
  it('gets no data either, and is ready for a start as soon as it wants something', () => {
    deliver(one(KEY(0, 1)));
    player.wants = 'nothing';
    deliver(one(CUE(30)), one(INTER(40, 2)), one(CUE(50)));
    expect(story()).toEqual([...BOTH_HEADERS, '1']);
    player.wants = 'all';
    expect(feed.isReadyToStart(moment())).toBe(true);
    deliver(one(CUE(70)));
    expect(story()).toEqual([...BOTH_HEADERS, '1']);
  });

  it('is not counted as behind for what comes meanwhile', () => {
    deliver(one(KEY(0, 1)));
    player.isReading = false;
    deliver(inter(2, 1100), inter(3, 50));
    expect(feed.framesDropped).toBe(2);
    player.wants = 'nothing';
    deliver(inter(4, 50), one(CUE(170)));
    expect([feed.framesDropped, traffic.framesDropped.queueBytes]).toEqual([2, 2]);
  });
});

describe('a player whose stream gets another source', () => {
  it('begins with that one’s past', () => {
    deliver(one(KEY(0, 1)));
    feed.pause();
    feed.open(headers(), pastOf([one(KEY(80, 2)), one(INTER(120, 3))]), moment());
    expect(story()).toEqual([...BOTH_HEADERS, '1', ...BOTH_HEADERS, '2', '3']);
  });

  it('keeps what waits of the one before, however far it is behind', () => {
    deliver(one(KEY(0, 1)));
    player.isReading = false;
    deliver(inter(2, 600), inter(3, 600));
    feed.pause();
    deliver(inter(4, 50));
    expect(traffic.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    player.resume();
    expect(story()).toEqual([...BOTH_HEADERS, '1', '2', '3']);
  });

  it('is behind by what it had not read before, and not by the past that it is given', () => {
    deliver(one(KEY(0, 1)));
    player.isReading = false;
    deliver(inter(2, 400));
    feed.pause();
    const past = [batch([INTER(80, 3, 800)], true)];
    feed.open(headers(), pastOf(past), moment());
    deliver(inter(4, 600), inter(5, 18));
    expect(traffic.framesDropped.queueBytes).toBe(0);
    deliver(inter(6, 50));
    expect(traffic.framesDropped.queueBytes).toBeGreaterThan(0);
  });

  it('is late by how much longer than the past that it was given it has read nothing', () => {
    player.isReading = false;
    const [first, past] = [headers(), pastOf([one(KEY(0, 1))])];
    nowMs += 3000;
    feed.open(first, past, moment());
    feed.pause();
    nowMs += 4000;
    expect(feed.isReadyToStart(moment())).toBe(true);
    nowMs += 1;
    expect(feed.isReadyToStart(moment())).toBe(false);
  });
});

describe('what an FLV player got', () => {
  const lieOf = (there: Tracks): boolean => {
    feed.endIfTracksDiffer(there);
    return player.ended !== null;
  };

  it('is what came, whatever data came between', () => {
    use(new FlvPlayer());
    deliver(one(KEY(0, 1)), one(CUE(10)), one(AUDIO(20, 2)));
    expect(lieOf(PICTURES)).toBe(false);
    use(new FlvPlayer());
    deliver(soundStart(0, 1), batch([AUDIO(20, 2), INTER(40, 3)]));
    expect(lieOf(PICTURES)).toBe(false);
  });

  it('is not what was left out for it', () => {
    use(new FlvPlayer());
    deliver(soundStart(0, 1), batch([INTER(40, 2), AUDIO(50, 3)]));
    expect(lieOf(SOUND)).toBe(true);
  });
});
