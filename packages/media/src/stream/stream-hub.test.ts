import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { MediaPacket, packetAt } from './packet.js';
import { StreamHub } from './stream-hub.js';
import { StreamSource } from './stream-source.js';

const START_MS = 10_000;
const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];

let hub: StreamHub;
let player: MemoryPlayer;
let nowMs: number;

beforeEach(() => {
  hub = new StreamHub(STREAM_LIMITS, { bytesOut: 0 });
  player = new MemoryPlayer();
  hub.add(player);
  nowMs = START_MS;
});

const newSource = (id: number): StreamSource =>
  new StreamSource(
    id,
    { kind: 'relay', from: `owner ${id}`, name: `owner ${id}`, through: null },
    STREAM_LIMITS,
    nowMs,
  );

/** Pictures `from` to `to` of one encode, a keyframe every ten, by a clock that is `clockMs` ahead. */
const encode = (from: number, to: number, clockMs = 0): Frame[] =>
  Array.from({ length: to - from + 1 }, (_, index) => {
    const id = from + index;
    return id % 10 === 0 ? KEY(id * 40 + clockMs, id) : INTER(id * 40 + clockMs, id);
  });

/** A source that is not the stream's takes frames. */
function bring(source: StreamSource, ...frames: readonly Frame[]): StreamSource {
  for (const frame of frames) source.take(frame, nowMs);
  return source;
}

/** The source that feeds the stream takes frames. */
function feed(source: StreamSource, ...frames: readonly Frame[]): void {
  for (const frame of frames) for (const taken of source.take(frame, nowMs)) hub.take(taken, nowMs);
}

function goOn(source: StreamSource): string {
  const splice = hub.splice(source, nowMs);
  if (splice.kind === 'exact') hub.goOn(source, splice, nowMs);
  return splice.kind;
}

/** One that is told which tracks there are when it begins. */
class FlvPlayer extends MemoryPlayer {
  override readonly format = 'flv';
  readonly #taken: Buffer[] = [];
  override hand(): number {
    const piece = this.queue.take(1_000_000);
    this.#taken.push(...piece);
    return piece.length;
  }

  /** Whether each of these has come. */
  has(...frames: readonly Frame[]): boolean[] {
    const bytes = Buffer.concat(this.#taken);
    return frames.map(({ payload }) => bytes.includes(payload));
  }
}

const pictures = (of = player): number[] =>
  of.story.filter((line) => /^video \d+ (key )?#/.test(line)).map((line) => Number(line.split('#')[1]));
const times = (of = player): number[] =>
  of.story.filter((line) => /^video \d+ (key )?#/.test(line)).map((line) => Number(line.split(' ')[1]));
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('StreamHub', () => {
  it('gives what the source has from its newest start on, then what it brings', () => {
    const source = bring(newSource(1), ...HEADERS, ...encode(5, 23));
    hub.start(source, nowMs);
    feed(source, ...encode(24, 25));
    expect(pictures()).toEqual(numbers(20, 25));
    expect(player.story.slice(0, 3)).toEqual(['data 0', 'video 800 header #1', 'audio 800 header #1']);
  });

  it('waits for the first start of a source that has none yet', () => {
    const source = bring(newSource(1), ...HEADERS, ...encode(5, 8));
    hub.start(source, nowMs);
    feed(source, ...encode(9, 12));
    expect(pictures()).toEqual([10, 11, 12]);
  });

  it('waits again at each start from another source', () => {
    hub.start(bring(newSource(1), ...HEADERS, ...encode(10, 12)), nowMs);
    const other = newSource(2);
    hub.start(other, nowMs);
    feed(other, ...HEADERS, ...encode(35, 41, 500_000));
    expect(pictures()).toEqual([10, 11, 12, 40, 41]);
    expect(times()).toEqual([400, 440, 480, 520, 560]);
  });

  it('knows how long ago it sent anything', () => {
    const source = bring(newSource(1), ...HEADERS, ...encode(10, 12));
    hub.start(source, nowMs);
    expect(hub.silentMs(nowMs + 30)).toBe(30);
    nowMs += 100;
    feed(source, INTER(520, 13));
    expect(hub.silentMs(nowMs + 7)).toBe(7);
  });

  it('goes on with a copy’s frames that were not sent, on the line of time that players have', () => {
    const first = newSource(1);
    hub.start(bring(first, ...HEADERS, ...encode(10, 12)), nowMs);
    feed(first, ...encode(13, 25));
    const copy = bring(newSource(2), ...HEADERS, ...encode(15, 28, 70_000));
    expect(goOn(copy)).toBe('exact');
    feed(copy, ...encode(29, 32, 70_000));
    expect(pictures()).toEqual(numbers(10, 32));
    expect(times()).toEqual(numbers(10, 32).map((id) => id * 40));
  });

  it('finds a copy by what its source had before the start, too', () => {
    hub.start(bring(newSource(1), ...HEADERS, ...encode(5, 21, 70_000)), nowMs);
    expect(pictures()).toEqual([20, 21]);
    // Of the two sent frames alone nobody could tell.
    expect(goOn(bring(newSource(2), ...HEADERS, ...encode(8, 24)))).toBe('exact');
    expect(pictures()).toEqual(numbers(20, 24));
    expect(times()).toEqual(numbers(20, 24).map((id) => id * 40 + 70_000));
  });

  it('finds a copy that lost frames in a pause by what came after it', () => {
    const first = newSource(1);
    hub.start(bring(first, ...HEADERS, ...encode(10, 30)), nowMs);
    const copy = bring(newSource(2), ...HEADERS, ...encode(10, 12));
    nowMs += 1000;
    bring(copy, ...encode(26, 32));
    expect(goOn(copy)).toBe('exact');
    expect(pictures()).toEqual([30, 31, 32]);
  });

  it('finds it so also where the copy’s clock stood still meanwhile', () => {
    hub.start(bring(newSource(1), ...HEADERS, ...encode(10, 30)), nowMs);
    const copy = bring(newSource(2), ...HEADERS, ...encode(10, 12));
    nowMs += 1000;
    // Its frames lie one step after the other, though some are missing.
    bring(copy, ...encode(26, 32, (12 - 25) * 40));
    expect(goOn(copy)).toBe('exact');
    expect(pictures()).toEqual([30, 31, 32]);
  });

  it('finds its place in a picture that stands still by the clock', () => {
    const still = (from: number, to: number): Frame[] =>
      numbers(from, to).map((n) => (n % 10 === 0 ? KEY(n * 40, 1) : INTER(n * 40, 2)));
    hub.start(bring(newSource(1), ...HEADERS, ...still(10, 50)), nowMs);
    expect(goOn(bring(newSource(2), ...HEADERS, ...still(0, 55)))).toBe('exact');
    expect(times()).toEqual(numbers(50, 55).map((n) => n * 40));
  });

  it('finds its place in what was sent on a line of time that is not the source’s', () => {
    hub.start(bring(newSource(1), ...HEADERS, KEY(0, 1), INTER(40, 2)), nowMs);
    hub.start(bring(newSource(2), ...HEADERS, ...encode(5, 21, 70_000)), nowMs);
    expect(goOn(bring(newSource(3), ...HEADERS, ...encode(8, 24, 9000)))).toBe('exact');
    expect(pictures()).toEqual([1, 2, ...numbers(20, 24)]);
    expect(times().slice(2)).toEqual([80, 120, 160, 200, 240]);
  });

  it('finds no place in what nobody was sent', () => {
    hub.start(bring(newSource(1), ...HEADERS, ...encode(1, 9)), nowMs);
    expect(hub.splice(bring(newSource(2), ...HEADERS, ...encode(1, 12)), nowMs)).toEqual({ kind: 'none' });
  });

  it('says how far a copy lags by all that is known of it, where little came after a pause', () => {
    hub.start(bring(newSource(1), ...HEADERS, ...encode(10, 30)), nowMs);
    const copy = bring(newSource(2), ...HEADERS, ...encode(10, 18));
    nowMs += 1000;
    bring(copy, ...encode(19, 20));
    expect(hub.splice(copy, nowMs)).toEqual({ kind: 'behind', lagMs: 400 });
  });

  it('gives metadata no time, and headers and data that of what they stand before', () => {
    hub.start(bring(newSource(1), ...HEADERS, KEY(0, 1), INTER(40, 2)), nowMs);
    const next = newSource(2);
    hub.start(next, nowMs);
    feed(next, ...HEADERS, KEY(70_000, 3));
    const { length } = player.story;
    const cue: Frame = { ...METADATA(), isHeader: false };
    feed(next, METADATA({ width: 320 }), cue, VIDEO_HEADER(2), KEY(70_040, 4));
    expect(player.story.slice(length)).toEqual([
      'data 0',
      'data 120',
      'video 120 header #2',
      'video 120 key #4',
    ]);
  });

  it('says how far a copy lags, with a pause and without', () => {
    const first = newSource(1);
    hub.start(bring(first, ...HEADERS, ...encode(10, 30)), nowMs);
    const copy = bring(newSource(2), ...HEADERS, ...encode(10, 20));
    expect(hub.splice(copy, nowMs)).toEqual({ kind: 'behind', lagMs: 400 });
    nowMs += 1000;
    bring(copy, ...encode(100, 105));
    expect(hub.splice(copy, nowMs).kind).toBe('none');
  });

  it('goes on from nothing after it had no source', () => {
    const first = newSource(1);
    hub.start(bring(first, ...HEADERS, ...encode(10, 30)), nowMs);
    hub.detach();
    const late = new MemoryPlayer('late');
    hub.add(late);
    expect(late.story).toEqual([]);
    const copy = bring(newSource(2), ...HEADERS, ...encode(15, 31));
    expect(hub.splice(copy, nowMs)).toEqual({ kind: 'none' });
    hub.start(copy, nowMs);
    expect(pictures(late)).toEqual([30, 31]);
  });

  it('does not give a joiner pictures of another configuration', () => {
    const source = newSource(1);
    hub.start(source, nowMs);
    feed(source, ...HEADERS, ...encode(10, 12), VIDEO_HEADER(2), INTER(520, 13));
    const late = new MemoryPlayer('late');
    hub.add(late);
    expect(late.story).toEqual([]);
    feed(source, KEY(560, 14));
    expect(pictures(late)).toEqual([14]);
  });

  it('leaves out what lies before the seam', () => {
    const first = newSource(1);
    hub.start(first, nowMs);
    feed(first, ...HEADERS, KEY(400, 10), AUDIO(900, 1));
    const next = newSource(2);
    hub.start(next, nowMs);
    feed(next, ...HEADERS, KEY(70_000, 20), AUDIO(69_900, 2), AUDIO(70_010, 3));
    expect(player.story.filter((line) => /^audio \d+ #/.test(line))).toEqual([
      'audio 900 #1',
      'audio 930 #3',
    ]);
  });

  it('tells FLV players of the tracks that are there, and ends those whose header was a lie', () => {
    const early = new FlvPlayer('flv');
    hub.add(early);
    const source = newSource(1);
    hub.start(source, nowMs);
    feed(source, VIDEO_HEADER(1), KEY(0, 1));
    expect(early.begun).toBeNull();
    // No more is coming: the tracks are what they are, with no frame to tell it.
    nowMs += 5000;
    hub.lookAtTracks(nowMs);
    expect(early.begun).toEqual({ audio: false, video: true });
    expect(early.ended).toBeNull();
    hub.lookAtTracks(nowMs);
    feed(source, AUDIO_HEADER(1), AUDIO(40, 2));
    expect(early.ended).toBe('tracks-changed');
    hub.remove(early);
    expect([hub.size, [...hub.feeds()].map((one) => one.player)]).toEqual([1, [player]]);
  });

  it('gives FLV players the new source’s first GOP, whatever comes first of it', () => {
    const flv = new FlvPlayer('flv');
    hub.add(flv);
    const first = bring(newSource(1), ...HEADERS, ...encode(10, 12), AUDIO(410, 1));
    hub.start(first, nowMs);
    const second = newSource(2);
    hub.start(second, nowMs);
    feed(second, ...HEADERS, ...encode(40, 42, 500_000));
    // Nobody knows yet whether there is sound: who was told that there is goes on.
    expect(flv.has(KEY(0, 40), INTER(0, 41))).toEqual([true, true]);
    feed(second, AUDIO(501_690, 99), ...encode(43, 44, 500_000));
    expect(flv.has(KEY(0, 40), INTER(0, 41), INTER(0, 42), AUDIO(0, 99), INTER(0, 44))).toEqual(
      Array(5).fill(true),
    );
    expect(flv.ended).toBeNull();
    // Nothing comes twice when what is known changes later.
    const { sentBytes } = flv.queue;
    hub.lookAtTracks(nowMs + 60_000);
    expect(flv.queue.sentBytes).toBe(sentBytes);
  });

  it('gives what a silent source has to those alone who have had nothing, and then all what it brings', () => {
    const flv = new FlvPlayer('flv');
    hub.add(flv);
    hub.start(bring(newSource(1), ...HEADERS, ...encode(10, 12), AUDIO(410, 1)), nowMs);
    hub.detach();
    const [waiting, waitingFlv] = [new MemoryPlayer('waiting'), new FlvPlayer('waiting-flv')];
    for (const late of [waiting, waitingFlv]) hub.add(late);
    const silent = bring(newSource(2), ...HEADERS, ...encode(38, 43, 500_000), AUDIO(501_610, 99));
    hub.start(silent, nowMs, true);
    hub.lookAtTracks(nowMs + 60_000);
    expect([pictures(), pictures(waiting)]).toEqual([[10, 11, 12], numbers(40, 43)]);
    expect([flv, waitingFlv].map((one) => one.has(KEY(0, 40), INTER(0, 43)))).toEqual([
      [false, false],
      [true, true],
    ]);
    feed(silent, ...encode(44, 51, 500_000));
    expect([pictures(), pictures(waiting)]).toEqual([[10, 11, 12, 50, 51], numbers(40, 51)]);
    expect(flv.has(INTER(0, 49), KEY(0, 50))).toEqual([false, true]);
  });

  it('gives pictures from a keyframe on to who began with sound, and all to who has them', () => {
    hub.start(newSource(1), nowMs);
    const source = newSource(2);
    hub.start(source, nowMs);
    const sound = (from: number, to: number): Frame[] =>
      numbers(from, to).map((id) => AUDIO(id * 100, id % 256));
    feed(source, ...HEADERS, ...encode(10, 12), ...sound(5, 40));
    const late = new MemoryPlayer('late');
    hub.add(late);
    expect(late.story.some((line) => line.startsWith('audio') && !line.includes('header'))).toBe(true);
    // The camera is back, amid a GOP.
    feed(source, ...encode(105, 109), ...sound(44, 45));
    const later = new MemoryPlayer('later');
    hub.add(later);
    feed(source, ...encode(110, 113), ...sound(46, 47));
    expect(pictures()).toEqual([10, 11, 12, ...numbers(105, 113)]);
    expect(pictures(late)).toEqual(numbers(110, 113));
    expect(pictures(later)).toEqual(numbers(110, 113));
    const sounds = (of: MemoryPlayer) =>
      of.story.filter((line) => /^audio \d+ #/.test(line)).map((line) => Number(line.split('#')[1]));
    expect(sounds(player)).toEqual([...numbers(5, 40), ...numbers(44, 47)]);
    expect(sounds(late).slice(-5)).toEqual([40, 44, 45, 46, 47]);
    expect(sounds(later).slice(-3)).toEqual([45, 46, 47]);
    // The headers come again right before the first picture.
    const at = late.story.findIndex((line) => line.includes('key'));
    expect(late.story.slice(at - 3, at).every((line) => /^data|header/.test(line))).toBe(true);
  });

  it('ends those that were told of sound alone when pictures come', () => {
    const flv = new FlvPlayer('flv');
    hub.add(flv);
    const source = newSource(1);
    hub.start(source, nowMs);
    feed(source, AUDIO_HEADER(1), AUDIO(0, 1));
    nowMs += 5000;
    hub.lookAtTracks(nowMs);
    expect(flv.begun).toEqual({ audio: true, video: false });
    feed(source, VIDEO_HEADER(1), KEY(20, 2));
    expect(flv.ended).toBe('tracks-changed');
    expect(flv.has(KEY(20, 2), VIDEO_HEADER(1))).toEqual([false, false]);
  });

  it('ends them before they get anything of another source with pictures', () => {
    const flv = new FlvPlayer('flv');
    hub.add(flv);
    hub.start(newSource(1), nowMs);
    const first = newSource(2);
    hub.start(first, nowMs);
    feed(first, AUDIO_HEADER(1), AUDIO(0, 1));
    nowMs += 5000;
    hub.lookAtTracks(nowMs);
    hub.start(bring(newSource(3), ...HEADERS, ...encode(30, 32), AUDIO(1300, 33)), nowMs);
    expect(flv.ended).toBe('tracks-changed');
    expect(flv.has(KEY(0, 30))).toEqual([false]);
    expect(pictures()).toEqual([30, 31, 32]);
  });
});

describe('packetAt', () => {
  it('makes a packet anew only where its time is another', () => {
    const packet = new MediaPacket(INTER(0), 40);
    expect(packetAt(packet, 40)).toBe(packet);
    expect(packetAt(packet, 80)).not.toBe(packet);
    expect(packetAt(packet, 80).timestampMs).toBe(80);
    expect(packetAt(INTER(40), 40)).toBeInstanceOf(MediaPacket);
  });
});
