import { beforeEach, describe, expect, it } from 'vitest';
import { LiveStream } from '../stream/live-stream.js';
import { replayEnd } from '../stream/replay-window.js';
import type { SourceFeed } from '../stream/source-seat.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryLog } from '../testing/media-options.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import type { Frame } from '../wire/frame.js';
import { Handover } from './handover.js';

const KEY_NAME = '__defaultVhost__/live/s';
const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];

let timers: ManualTimers;
let stream: LiveStream;
let player: MemoryPlayer;
let log: MemoryLog;
let handover: Handover;

beforeEach(() => {
  timers = new ManualTimers();
  stream = new LiveStream(
    KEY_NAME,
    { gopCacheBytesMax: 1e6, queueBytesMax: 1e6, stuckMs: 1e6 },
    { bytesOut: 0 },
  );
  player = new MemoryPlayer();
  stream.add(player);
  log = new MemoryLog();
  const limits = { replayMs: 5000, replayBytesMax: 1e6 };
  handover = new Handover({ key: KEY_NAME, stream, heir: 'a', limits, timers, log });
});

/** Pictures `from` to `to` of one encode, each with its sound: a keyframe every ten, by a clock that is `clockMs` ahead. */
function encode(from: number, to: number, clockMs = 0): Frame[] {
  const frames: Frame[] = [];
  for (let id = from; id <= to; id += 1) {
    const atMs = id * 40 + clockMs;
    frames.push(id % 10 === 0 ? KEY(atMs, id) : INTER(atMs, id), AUDIO(atMs + 10, id));
  }
  return frames;
}

function take(...frames: readonly Frame[]): void {
  for (const frame of frames) handover.take(frame);
}

/** What the player saw of pictures: `20 key` or `21`, headers as `header`. */
const pictures = (): string[] =>
  player.story
    .filter((line) => line.startsWith('video'))
    .map((line) => (line.includes('header') ? 'header' : line.replace(/^video \d+ ?(key)? ?#(\d+)$/, '$2')));

const times = (kind: string): number[] =>
  player.story.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(' ')[1]));

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

describe('Handover', () => {
  beforeEach(() => {
    handover.started('a');
    take(...HEADERS, ...encode(10, 35));
  });

  it('asks for no replay before there is anything to go on from', () => {
    const fresh = new Handover({
      key: KEY_NAME,
      stream: new LiveStream(
        KEY_NAME,
        { gopCacheBytesMax: 1, queueBytesMax: 1, stuckMs: 1 },
        { bytesOut: 0 },
      ),
      heir: undefined,
      limits: { replayMs: 5000, replayBytesMax: 1e6 },
      timers,
      log,
    });
    expect([fresh.replayMs, handover.replayMs]).toEqual([0, 5000]);
  });

  it('goes on mid-GOP with the very next frame, on the same clock, with nothing said again', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS, ...encode(15, 38, 70_000), replayEnd(), ...encode(39, 42, 70_000));
    expect(pictures()).toEqual(['header', ...numbers(10, 42)]);
    expect(times('video').slice(1)).toEqual(numbers(10, 42).map((id) => Number(id) * 40));
    expect(times('audio').slice(1)).toEqual(numbers(10, 42).map((id) => Number(id) * 40 + 10));
    expect(stream.source).toEqual({ kind: 'relay', from: 'b' });
    expect(log.of('relay went on')).toMatchObject([{ owner: 'b', splice: 'exact', offsetMs: -70_000 }]);
    expect(timers.pending).toBe(0);
  });

  it('does so over and over', () => {
    for (const [round, owner] of ['b', 'c', 'a', 'b'].entries()) {
      const last = 35 + round * 5;
      const clockMs = 1000 * round - 700;
      handover.lost();
      handover.started(owner);
      take(...HEADERS, ...encode(last - 12, last + 3, clockMs), replayEnd());
      take(...encode(last + 4, last + 5, clockMs));
    }
    expect(pictures()).toEqual(['header', ...numbers(10, 55)]);
    expect(times('video').slice(1)).toEqual(numbers(10, 55).map((id) => Number(id) * 40));
  });

  it('waits for a copy that lags, and repeats nothing', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS, ...encode(10, 25), replayEnd());
    timers.pass(100);
    take(...encode(26, 35));
    expect(pictures()).toEqual(['header', ...numbers(10, 35)]);
    take(...encode(36, 36));
    timers.pass(10);
    take(...encode(37, 37));
    expect(pictures()).toEqual(['header', ...numbers(10, 37)]);
    expect(timers.pending).toBe(0);
    expect(log.of('relay awaits the next frame')).toHaveLength(1);
  });

  it('does not wait for ever for one that lags', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS, ...encode(10, 25), replayEnd());
    timers.pass(2999);
    expect(log.of('relay went on')).toEqual([]);
    timers.pass(1);
    expect(log.of('relay went on')).toMatchObject([{ splice: 'none' }]);
    expect(pictures().slice(-7)).toEqual(['header', ...numbers(20, 25)]);
    expect(times('video')).toEqual([...times('video')].sort((x, y) => x - y));
  });

  it('takes another encode as a new source: its headers, its last keyframe, timestamps going on', () => {
    handover.lost();
    handover.started('b');
    const other = encode(40, 65).map((frame) => ({
      ...frame,
      timestampMs: frame.timestampMs + 900_000,
      payload: Buffer.concat([frame.payload, Buffer.of(0)]),
    }));
    take(...HEADERS.slice(0, 1), VIDEO_HEADER(2), AUDIO_HEADER(2), ...other, replayEnd());
    expect(pictures()).toEqual(['header', ...numbers(10, 35), 'header', ...numbers(60, 65)]);
    const shown = times('video').slice(-6);
    expect(shown[0]).toBeGreaterThan(35 * 40);
    expect(shown[0]).toBeLessThan(37 * 40);
    expect(times('audio')).toEqual([...times('audio')].sort((x, y) => x - y));
  });

  it('decides without the mark of an owner that says none', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS, ...encode(20, 38));
    expect(pictures()).toEqual(['header', ...numbers(10, 35)]);
    timers.pass(500);
    expect(pictures()).toEqual(['header', ...numbers(10, 38)]);
  });

  it('keeps the stream for who joins between owners, for as long as one could go on', () => {
    handover.lost();
    const late = new MemoryPlayer('late');
    stream.add(late);
    expect(late.story).toContain('video 1200 key #30');
    timers.pass(4999);
    expect(stream.source).not.toBeNull();
    timers.pass(1);
    expect([stream.source, handover.replayMs]).toEqual([null, 0]);
  });

  it('goes on after an owner in between that had nothing to say', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS);
    timers.pass(600);
    handover.lost();
    handover.started('c');
    take(...HEADERS, ...encode(20, 37), replayEnd());
    expect(pictures()).toEqual(['header', ...numbers(10, 37)]);
  });

  it('takes what an owner brings that had nothing at first', () => {
    handover.lost();
    handover.started('b');
    take(...HEADERS, replayEnd());
    timers.pass(700);
    take(...encode(50, 53).slice(0, 7));
    expect(pictures()).toEqual(['header', ...numbers(10, 35), 'header', ...numbers(50, 53)]);
    expect(timers.pending).toBe(0);
  });

  it('leaves the stream to a publisher that came here', () => {
    handover.lost();
    handover.started('b');
    stream.attach({ kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' });
    take(...HEADERS, ...encode(20, 40), replayEnd());
    expect(stream.hasPublisher).toBe(true);
    expect(pictures().at(-1)).toBe('35');
  });

  it('ends without a trace', () => {
    handover.lost();
    handover.started('b');
    handover.end();
    take(...HEADERS, ...encode(20, 40), replayEnd());
    expect([stream.source, timers.pending]).toEqual([null, 0]);
    expect(pictures().at(-1)).toBe('35');
  });
});

describe('Handover from this member’s own publisher', () => {
  const SOURCE = { kind: 'publisher', remote: 'x', agent: '', protocol: 'rtmp' } as const;
  const LIMITS = { replayMs: 5000, replayBytesMax: 1e6 };

  /** A stream whose second publisher sent pictures 10 to 35 with a clock of its own; the first one's are 1 to 3. */
  function published(): SourceFeed {
    stream = new LiveStream(
      KEY_NAME,
      { gopCacheBytesMax: 1e6, queueBytesMax: 1e6, stuckMs: 1e6, ...LIMITS },
      { bytesOut: 0 },
    );
    player = new MemoryPlayer();
    stream.add(player);
    const first = stream.attach(SOURCE);
    for (const frame of [...HEADERS, KEY(100, 1), INTER(140, 2), INTER(180, 3)]) first.push(frame);
    first.detach();
    const second = stream.attach(SOURCE);
    for (const frame of [...HEADERS, ...encode(10, 35, 50_000)]) second.push(frame);
    return second;
  }

  const inherit = () => new Handover({ key: KEY_NAME, stream, heir: 'b', limits: LIMITS, timers, log });

  it('goes on with the very next frame, on the clock that the players have', () => {
    const feed = published();
    feed.leave();
    handover = inherit();
    feed.detach();
    expect([stream.source, handover.replayMs]).toEqual([{ kind: 'relay', from: 'b' }, 5000]);
    handover.started('b');
    take(...HEADERS, ...encode(15, 38, 7000), replayEnd(), ...encode(39, 42, 7000));
    expect(pictures()).toEqual(['header', '1', '2', '3', 'header', ...numbers(10, 42)]);
    const shown = times('video').slice(5);
    expect(shown.map((atMs) => atMs - (shown[0] ?? 0))).toEqual(
      numbers(10, 42).map((id) => (Number(id) - 10) * 40),
    );
    expect(shown[0]).toBeGreaterThan(180);
    expect(shown[0]).toBeLessThan(300);
    expect(log.of('relay went on')).toMatchObject([{ owner: 'b', splice: 'exact' }]);
  });

  it('leaves the stream where no owner answers while it could go on', () => {
    const feed = published();
    feed.leave();
    handover = inherit();
    feed.detach();
    timers.pass(4999);
    expect(stream.source).not.toBeNull();
    timers.pass(1);
    expect([stream.source, timers.pending]).toEqual([null, 0]);
  });

  it('takes nothing from one that has left for good', () => {
    const feed = published();
    feed.leave();
    feed.detach();
    expect([inherit().replayMs, stream.source]).toEqual([0, null]);
  });
});
