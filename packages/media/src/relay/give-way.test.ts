import { beforeEach, describe, expect, it } from 'vitest';
import { LiveStream } from '../stream/live-stream.js';
import { replayEnd } from '../stream/replay-window.js';
import type { SourceFeed } from '../stream/source-seat.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryLog } from '../testing/media-options.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Frame } from '../wire/frame.js';
import { GIVE_WAY_MS_MAX, HELD_BYTES_MAX } from './give-way.js';
import { Handover } from './handover.js';

const KEY_NAME = '__defaultVhost__/live/s';
const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
const LIMITS = { replayMs: 5000, replayBytesMax: 1e6 };
const PUBLISHER = { kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' } as const;

let timers: ManualTimers;
let stream: LiveStream;
let player: MemoryPlayer;
let log: MemoryLog;
let relay: Handover;
let feed: SourceFeed;

/** A relay from `b` delivered pictures 10 to 35; then a publisher comes. */
beforeEach(() => {
  timers = new ManualTimers();
  log = new MemoryLog();
  stream = new LiveStream(
    KEY_NAME,
    { gopCacheBytesMax: 1e6, queueBytesMax: 1e6, stuckMs: 1e6, ...LIMITS },
    { bytesOut: 0 },
  );
  player = new MemoryPlayer();
  stream.add(player);
  relay = new Handover({ key: KEY_NAME, stream, heir: 'b', limits: LIMITS, timers, log });
  relay.started('b');
  fromRelay(...HEADERS, ...encode(10, 35));
  feed = stream.attach(PUBLISHER);
});

/** Pictures of one encode, each with its sound: a keyframe every ten, by a clock that is `clockMs` ahead. */
function encode(from: number, to: number, clockMs = 0): Frame[] {
  const frames: Frame[] = [];
  for (let id = from; id <= to; id += 1) {
    const atMs = id * 40 + clockMs;
    frames.push(id % 10 === 0 ? KEY(atMs, id) : INTER(atMs, id), AUDIO(atMs + 10, id));
  }
  return frames;
}

function fromRelay(...frames: readonly Frame[]): void {
  for (const frame of frames) relay.take(frame);
}

/** As time passes, so that each is looked at. */
function publish(...frames: readonly Frame[]): void {
  for (const frame of frames) {
    feed.push(frame);
    timers.pass(20);
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const pictures = (): number[] =>
  player.story.filter((line) => /^video \d+ (key )?#/.test(line)).map((line) => Number(line.split('#')[1]));

const times = (): number[] =>
  player.story.filter((line) => /^video \d+ (key )?#/.test(line)).map((line) => Number(line.split(' ')[1]));

const decided = () => log.of('relay gave way to the publisher').map(({ splice }) => splice);

describe('a publisher that comes while a relay flows', () => {
  it('goes on with the very next frame where it is ahead, and the relay flows until it has come so far', () => {
    publish(...HEADERS, ...encode(40, 44, 70_000));
    expect(stream.source).toEqual({ kind: 'relay', from: 'b' });
    fromRelay(...encode(36, 43));
    publish(...encode(45, 50, 70_000));
    expect(stream.source).toEqual(PUBLISHER);
    expect(decided()).toEqual(['exact']);
    fromRelay(...encode(44, 60));
    expect(pictures()).toEqual(numbers(10, 50));
    expect(times()).toEqual(numbers(10, 50).map((id) => id * 40));
    expect(timers.pending).toBe(0);
  });

  it('is waited for where it is a little behind, and nothing comes twice', () => {
    publish(...HEADERS, ...encode(30, 33, 7));
    fromRelay(...encode(36, 37));
    expect(pictures().at(-1)).toBe(35);
    publish(...encode(34, 40, 7));
    expect(decided()).toEqual(['exact']);
    expect(pictures()).toEqual(numbers(10, 40));
    expect(times()).toEqual(numbers(10, 40).map((id) => id * 40));
  });

  it('begins anew with its last keyframe where its frames are others', () => {
    const other = (from: number, to: number) =>
      encode(from, to).map((frame) => ({ ...frame, payload: Buffer.concat([frame.payload, Buffer.of(0)]) }));
    publish(...HEADERS, ...other(70, 93));
    fromRelay(...encode(36, 45));
    expect([stream.source?.kind, pictures().at(-1)]).toEqual(['relay', 45]);
    timers.pass(GIVE_WAY_MS_MAX);
    expect([stream.source, decided()]).toEqual([PUBLISHER, ['none']]);
    publish(...other(94, 95));
    expect(pictures()).toEqual([...numbers(10, 45), ...numbers(90, 95)]);
    expect(times()).toEqual([...times()].sort((x, y) => x - y));
    expect(timers.pending).toBe(0);
  });

  it('takes over at once where the relay loses its owner', () => {
    publish(...HEADERS, ...encode(60, 62));
    relay.lost();
    expect([stream.source, pictures().slice(-3)]).toEqual([PUBLISHER, [60, 61, 62]]);
  });

  it('takes over at once where the relay had lost its owner before it came', () => {
    feed.detach();
    relay.lost();
    feed = stream.attach(PUBLISHER);
    publish(...HEADERS, ...encode(60, 60));
    expect([stream.source, pictures().at(-1)]).toEqual([PUBLISHER, 60]);
  });

  it('begins anew where too much would be held back', () => {
    publish(...HEADERS, KEY(1_000_000, 70));
    const large = Buffer.alloc(1_048_576, 1);
    for (let id = 0; stream.source?.kind === 'relay'; id += 1) {
      expect(id * large.length).toBeLessThanOrEqual(HELD_BYTES_MAX);
      publish({ ...INTER(1_000_040 + id, 71), payload: large });
    }
    expect(decided()).toEqual(['none']);
  });

  it('that goes again leaves the stream to the relay', () => {
    publish(...HEADERS, ...encode(60, 62));
    feed.leave();
    feed.detach();
    fromRelay(...encode(36, 40));
    expect([stream.source?.kind, stream.hasPublisher]).toEqual(['relay', false]);
    expect(pictures()).toEqual(numbers(10, 40));
    expect(timers.pending).toBe(0);
  });

  it('that goes while it was waited for leaves it from the relay’s next keyframe on', () => {
    publish(...HEADERS, ...encode(30, 33));
    fromRelay(...encode(36, 38));
    feed.detach();
    fromRelay(...encode(39, 42));
    expect(pictures()).toEqual([...numbers(10, 35), ...numbers(40, 42)]);
  });

  it('that goes after the relay ended leaves it without a source', () => {
    relay.end();
    feed.detach();
    expect([stream.source, stream.isIdle]).toEqual([null, false]);
    stream.remove(player);
    expect(stream.isIdle).toBe(true);
  });

  it('can be followed by a relay again, frame by frame', () => {
    publish(...HEADERS, ...encode(40, 44, 70_000));
    fromRelay(...encode(36, 43));
    publish(...encode(45, 50, 70_000));
    feed.leave();
    const next = new Handover({ key: KEY_NAME, stream, heir: 'b', limits: LIMITS, timers, log });
    feed.detach();
    next.started('b');
    for (const frame of [...HEADERS, ...encode(38, 55), replayEnd()]) next.take(frame);
    expect(pictures()).toEqual(numbers(10, 55));
    expect(times()).toEqual(numbers(10, 55).map((id) => id * 40));
  });
});

describe('a publisher that is there and sends nothing', () => {
  /** Pictures 10 to 35 are published; then a pull from `b` begins beside it. */
  beforeEach(() => {
    relay.end();
    feed.detach();
    stream = new LiveStream(
      KEY_NAME,
      { gopCacheBytesMax: 1e6, queueBytesMax: 1e6, stuckMs: 1e6, ...LIMITS },
      { bytesOut: 0 },
    );
    player = new MemoryPlayer();
    stream.add(player);
    feed = stream.attach(PUBLISHER);
    publish(...HEADERS, ...encode(10, 35));
    relay = new Handover({ key: KEY_NAME, stream, heir: 'b', limits: LIMITS, timers, log });
    relay.started('b');
  });

  it('is stood in for by an owner that has its next frame, and no sooner', () => {
    expect(relay.replayMs).toBe(5000);
    fromRelay(...HEADERS, ...encode(15, 35, 9000), replayEnd());
    timers.pass(1000);
    expect([stream.source, stream.isGivingWay]).toEqual([PUBLISHER, false]);
    fromRelay(...encode(36, 40, 9000));
    expect(stream.source).toEqual({ kind: 'relay', from: 'b' });
    expect(stream.hasPublisher).toBe(true);
    expect(pictures()).toEqual(numbers(10, 40));
    expect(times()).toEqual(numbers(10, 40).map((id) => id * 40));
  });

  it('goes on exactly when it sends again what was held up', () => {
    fromRelay(...HEADERS, ...encode(15, 45), replayEnd());
    publish(...encode(36, 50));
    expect([stream.source, decided()]).toEqual([PUBLISHER, ['exact']]);
    expect(pictures()).toEqual(numbers(10, 50));
  });

  it('goes on exactly when it sends again what is live, some frames being lost', () => {
    fromRelay(...HEADERS, ...encode(15, 45), replayEnd());
    publish(...encode(50, 53));
    fromRelay(...encode(46, 52));
    publish(...encode(54, 58));
    expect([stream.source, decided()]).toEqual([PUBLISHER, ['exact']]);
    expect(pictures()).toEqual(numbers(10, 58));
    expect(times()).toEqual(numbers(10, 58).map((id) => id * 40));
  });

  it('keeps the stream where the owner has other frames', () => {
    const other = encode(10, 60).map((frame) => ({
      ...frame,
      payload: Buffer.concat([frame.payload, Buffer.of(0)]),
    }));
    fromRelay(...HEADERS, ...other, replayEnd(), ...other);
    timers.pass(5000);
    expect([stream.source, pictures().at(-1), timers.pending]).toEqual([PUBLISHER, 35, 0]);
    // Nothing more is sought in what it sends.
    fromRelay(...encode(15, 45));
    expect(stream.source).toEqual(PUBLISHER);
    publish(...encode(36, 37));
    expect(pictures()).toEqual(numbers(10, 37));
  });

  it('keeps it where the owner is behind, and is not disturbed when the pull ends', () => {
    fromRelay(...HEADERS, ...encode(10, 30), replayEnd());
    relay.lost();
    relay.end();
    publish(...encode(36, 37));
    expect([stream.source, pictures()]).toEqual([PUBLISHER, numbers(10, 37)]);
    expect(timers.pending).toBe(0);
  });

  it('begins anew where it sends again only after who stood in for it is gone', () => {
    fromRelay(...HEADERS, ...encode(15, 40), replayEnd());
    relay.end();
    publish(...encode(60, 62));
    expect([stream.source, pictures()]).toEqual([PUBLISHER, [...numbers(10, 40), 60, 61, 62]]);
  });

  it('leaves the stream to who stood in for it when it goes', () => {
    fromRelay(...HEADERS, ...encode(15, 40), replayEnd());
    feed.leave();
    feed.detach();
    fromRelay(...encode(41, 45));
    expect([stream.source?.kind, stream.hasPublisher]).toEqual(['relay', false]);
    expect(pictures()).toEqual(numbers(10, 45));
  });
});
