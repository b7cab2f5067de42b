import { expect, it } from 'vitest';
import { ConnectionCheck } from './connection-check.js';
import type { Rule } from './event-log.js';
import type { Track } from './frame-mark.js';
import { MadeEncode } from './made-encode.js';

const STREAM = 'live/s';
const GOP = 5;

/** A player's connection to which tags are given, all at the time that their encode gives them. */
class Played {
  readonly one = new MadeEncode({ id: 'one', stream: STREAM, gopFrames: GOP, look: 1 });
  readonly two = new MadeEncode({ id: 'two', stream: STREAM, gopFrames: GOP, look: 2 });
  readonly reports: [Rule, string][] = [];
  readonly check: ConnectionCheck;
  offsetMs = 0;
  isAlive = true;
  #nowMs = 0;

  constructor(repeatMsMax = 0) {
    this.check = new ConnectionCheck({
      stream: STREAM,
      encodes: new Map([this.one, this.two].map((encode) => [encode.id, encode])),
      repeatMsMax,
      isAlive: () => this.isAlive,
      report: (rule, what) => this.reports.push([rule, what]),
    });
  }

  get rules(): readonly Rule[] {
    return this.reports.map(([rule]) => rule);
  }

  headers(encode: MadeEncode): this {
    for (const { type, body } of encode.headers) this.check.take({ type, body, timestampMs: 0 }, this.#nowMs);
    return this;
  }

  frames(encode: MadeEncode, track: Track, first: number, last: number): this {
    for (let number = first; number <= last; number += 1) {
      const timestampMs = encode.timeOf(track, number) + this.offsetMs;
      this.#nowMs = Math.max(this.#nowMs, timestampMs);
      this.check.take({ ...encode.frame(track, number), timestampMs }, this.#nowMs);
    }
    return this;
  }

  /** Both tracks as an encoder interleaves them; whole GOPs. */
  gops(encode: MadeEncode, first: number, last: number): this {
    for (let gop = first; gop <= last; gop += 1) {
      const until = (gop + 1) * GOP;
      const [from, to] = [gop * GOP, until].map((number) =>
        encode.firstFrom('audio', encode.timeOf('video', number)),
      );
      this.frames(encode, 'video', gop * GOP, until - 1).frames(encode, 'audio', from ?? 0, (to ?? 0) - 1);
    }
    return this;
  }
}

it('finds nothing in a whole play, nor in a switch at a keyframe under new headers', () => {
  const played = new Played();
  played.headers(played.one).gops(played.one, 0, 9);
  played.headers(played.two).gops(played.two, 10, 19);
  played.headers(played.one).gops(played.one, 20, 29);
  expect(played.reports).toEqual([]);
  expect(played.check.gaps).toEqual([]);
  expect(played.check.frames).toBeGreaterThan(250);
});

it('keeps what is missing within an encode, for each track', () => {
  const played = new Played();
  played.headers(played.one).gops(played.one, 0, 2).gops(played.one, 4, 4);
  expect(played.check.gaps.map(({ track, first, last }) => [track, first, last])).toEqual([
    ['video', 15, 19],
    ['audio', played.one.firstFrom('audio', 600), played.one.firstFrom('audio', 800) - 1],
  ]);
});

it('finds a frame that comes twice, and time that goes back with it', () => {
  const played = new Played();
  played.headers(played.one).frames(played.one, 'video', 0, 7).frames(played.one, 'video', 7, 8);
  expect(played.rules).toEqual(['repeated']);
  played.frames(played.one, 'video', 5, 8);
  expect(played.rules).toEqual(['repeated', 'time', 'repeated']);
});

it('lets a lagging copy repeat frames, from a keyframe, and no more than it lags', () => {
  const played = new Played(300);
  played.headers(played.one).frames(played.one, 'video', 0, 17);
  played.offsetMs = 300;
  played.frames(played.one, 'video', 15, 18);
  expect(played.reports).toEqual([]);
  played.frames(played.one, 'video', 16, 18);
  expect(played.rules).toEqual(['time', 'encode']);
  played.offsetMs = 1000;
  played.frames(played.one, 'video', 5, 6);
  expect(played.rules).toEqual(['time', 'encode', 'repeated']);
});

it('lets an encode that players come back to begin at the keyframe that they had, if it is sent still', () => {
  for (const isAlive of [true, false]) {
    const played = new Played();
    played.headers(played.one).gops(played.one, 0, 3);
    played.offsetMs = 800;
    played.headers(played.two).gops(played.two, 0, 3);
    played.offsetMs = 1000;
    played.isAlive = isAlive;
    played.headers(played.one).gops(played.one, 3, 6);
    expect(new Set(played.rules)).toEqual(new Set(isAlive ? [] : ['repeated']));
  }
});

it('finds a begin without a keyframe, without a header and under the header of another encode', () => {
  const bare = new Played();
  bare.frames(bare.one, 'video', 0, 0);
  expect(bare.reports).toEqual([['encode', 'video of one without any header']]);
  const late = new Played();
  late.headers(late.one).frames(late.one, 'video', 1, 3);
  expect(late.reports).toEqual([['encode', 'begins with video 1 of one, an inter frame']]);
  const mixed = new Played();
  mixed.headers(mixed.one).frames(mixed.one, 'video', 0, 4).frames(mixed.two, 'video', 5, 6);
  expect(mixed.reports).toEqual([['encode', 'video of two under the header of one']]);
});

it('finds sound of the encode before, after the picture went on', () => {
  const played = new Played();
  played.headers(played.one).gops(played.one, 0, 2);
  played.headers(played.two).frames(played.two, 'video', 15, 16);
  played.check.take({ type: 8, body: played.one.audioHeader, timestampMs: 0 }, 700);
  played.frames(played.one, 'audio', 40, 41);
  expect(played.reports.map(([, what]) => what)).toContainEqual(
    'audio 40 of one comes after video went on to two',
  );
});

it('finds frames of another stream, and what nobody sent', () => {
  const played = new Played();
  const body = Buffer.concat([Buffer.from([0x17, 1, 0, 0, 0]), Buffer.alloc(40)]);
  played.check.take({ type: 9, body, timestampMs: 0 }, 0);
  expect(played.rules).toEqual(['encode']);
});

it('finds time that jumps ahead, and tracks that drift apart for more than a moment', () => {
  const played = new Played();
  played.headers(played.one).gops(played.one, 0, 2);
  played.offsetMs = 700;
  played.gops(played.one, 3, 3);
  expect(played.reports).toEqual([]);
  const drifting = new Played();
  drifting.headers(drifting.one);
  for (let gop = 0; gop < 12; gop += 1) {
    drifting.offsetMs = 0;
    drifting.frames(drifting.one, 'video', gop * GOP, gop * GOP + GOP - 1);
    drifting.offsetMs = 600;
    drifting.frames(drifting.one, 'audio', gop, gop);
  }
  expect(drifting.reports.map(([, what]) => what)).toEqual([expect.stringMatching(/is -?600 ms ahead of/)]);
  const jumping = new Played();
  jumping.headers(jumping.one).frames(jumping.one, 'video', 0, 1);
  jumping.check.take({ ...jumping.one.frame('video', 2), timestampMs: 60_000 }, 80);
  expect(jumping.rules).toEqual(['time']);
});
