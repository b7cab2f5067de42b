import { beforeEach, describe, expect, it } from 'vitest';
import { METADATA } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { metadataValues, readMetadata } from '../wire/metadata.js';
import { SourceIntake } from './source-intake.js';

const START_MS = 5000;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const KEY = (at: number): Frame => makeFrame('video', at, hex('17 01 000000 00000002 6588'));
const AAC_HEADER = makeFrame('audio', 0, hex('af 00 1210'));
const AAC = (at: number): Frame => makeFrame('audio', at, hex('af 01 21'));

/** RFC 7845 5.1, with so many channels. */
const opusHead = (channels: number): Buffer =>
  Buffer.concat([Buffer.from('OpusHead'), Buffer.of(1, channels), Buffer.alloc(9)]);
const SOUND = hex('fc');

/** Enhanced RTMP v2: one audio track with this id; packet type 0 is its header, 1 a sound. */
const oneTrack = (at: number, id: number, packetType: 0 | 1, body: Buffer): Frame =>
  makeFrame(
    'audio',
    at,
    Buffer.concat([Buffer.of(0x95, packetType), Buffer.from('Opus'), Buffer.of(id), body]),
  );

/** Several tracks in one message. */
const manyTracks = (at: number, packetType: 0 | 1, bodies: ReadonlyMap<number, Buffer>): Frame =>
  makeFrame(
    'audio',
    at,
    Buffer.concat([
      Buffer.of(0x95, 0x10 | packetType),
      Buffer.from('Opus'),
      ...[...bodies].flatMap(([id, body]) => [Buffer.of(id, 0, 0, body.length), body]),
    ]),
  );

let intake: SourceIntake;
let nowMs: number;

beforeEach(() => {
  nowMs = START_MS;
  intake = new SourceIntake(nowMs);
});

const take = (...frames: readonly Frame[]) => frames.flatMap((frame) => intake.take(frame, nowMs));

/** What a joiner is told of the codecs. */
function metadata(): Record<string, unknown> {
  const frame = intake.headersAt(0).find(({ kind }) => kind === 'data');
  const read = frame === undefined ? null : readMetadata(frame.payload);
  return read === null ? {} : { ...metadataValues(read) };
}

describe('a source that sends a little and then nothing', () => {
  it('sends the header of a track again that comes after it counted as missing', () => {
    take(METADATA({ videocodecid: 7, audiocodecid: 10 }), AAC_HEADER, KEY(1000));
    nowMs += 2500;
    expect(intake.tracksAt(nowMs)).toEqual({ audio: false, video: true });
    // Who joins now is told of no sound.
    expect(intake.headersAt(0).some(({ kind }) => kind === 'audio')).toBe(false);
    const given = take(AAC(3500), AAC(3523)).map(({ frame }) => [frame.kind, frame.isHeader]);
    expect(given).toEqual([
      ['audio', true],
      ['audio', false],
      ['audio', false],
    ]);
  });

  it('has the tracks that came, two seconds after the first frame', () => {
    take(METADATA({ videocodecid: 7, audiocodecid: 10 }), AAC_HEADER);
    nowMs += 1000;
    expect(intake.tracksAt(nowMs + 60_000)).toBeNull();
    take(KEY(0));
    expect(intake.tracksAt(nowMs + 1999)).toBeNull();
    expect(intake.headersAt(0).map(({ kind }) => kind)).toEqual(['data', 'audio']);
    expect(intake.tracksAt(nowMs + 2000)).toEqual({ audio: false, video: true });
    // Once that is decided, only a frame makes it otherwise.
    expect(intake.tracksAt(nowMs)).toEqual({ audio: false, video: true });
    expect(intake.headersAt(0).map(({ kind }) => kind)).toEqual(['data']);
    take(AAC(40));
    expect(intake.tracksAt(nowMs)).toEqual({ audio: true, video: true });
  });
});

describe('a source whose sound goes', () => {
  it('has lost it once it has been gone for ten seconds while the picture went on, until it comes again', () => {
    const lost = () => intake.hasLostSound;
    expect(lost()).toBe(false);
    take(AAC_HEADER, AAC(0));
    expect(lost()).toBe(false);
    for (let at = 0; at < 10_000; at += 500) take(KEY(at));
    expect(lost()).toBe(false);
    take(KEY(10_000));
    expect(lost()).toBe(true);
    take(AAC(10_020));
    expect(lost()).toBe(false);
  });

  it('has not lost what it never had', () => {
    take(METADATA({ videocodecid: 7 }), KEY(0));
    expect(intake.tracksAt(nowMs)).toEqual({ audio: false, video: true });
    expect(intake.hasLostSound).toBe(false);
  });
});

it('counts no track by packets of a type that it does not know', () => {
  take(METADATA({ audiocodecid: 10 }), AAC_HEADER, AAC(0));
  take(makeFrame('video', 20, hex('a8 68766331 00000002 0201')));
  expect(intake.tracksAt(nowMs)).toEqual({ audio: true, video: false });
});

it('puts what a publisher sends on one line, and leaves what a relay brings on the line that it has', () => {
  const times = (isRelayed?: boolean) => {
    const source = new SourceIntake(nowMs, isRelayed);
    return [KEY(60_000), KEY(0)].flatMap((frame) =>
      source.take(frame, nowMs).map((given) => given.frame.timestampMs),
    );
  };
  expect(times()).toEqual(times(false));
  expect(times()).toEqual([60_000, 60_020]);
  expect(times(true)).toEqual([60_000, 0]);
});

describe('a source of several audio tracks', () => {
  it('is known by the one that came first, until one without an id comes', () => {
    take(METADATA({ audiocodecid: 10 }));
    take(oneTrack(0, 2, 0, opusHead(6)), oneTrack(0, 2, 1, SOUND));
    expect(intake.media.audio).toMatchObject({ codec: 'opus', channels: 6 });
    take(oneTrack(20, 1, 0, opusHead(2)), oneTrack(20, 1, 1, SOUND));
    expect(intake.media.audio).toMatchObject({ codec: 'opus', channels: 6 });
    expect(metadata().audiocodecid).toBe(0x4f707573);
    take(AAC_HEADER, AAC(40));
    take(oneTrack(60, 2, 1, SOUND));
    expect(metadata().audiocodecid).toBe(10);
  });

  it('gives joiners each one’s own configuration, though they came in one message', () => {
    take(
      manyTracks(
        0,
        0,
        new Map([
          [1, opusHead(2)],
          [2, opusHead(6)],
        ]),
      ),
    );
    take(
      manyTracks(
        0,
        1,
        new Map([
          [1, SOUND],
          [2, SOUND],
        ]),
      ),
    );
    const headers = intake.headersAt(0).map(({ payload }) => payload);
    expect(headers.map((payload) => [payload.includes(opusHead(2)), payload.includes(opusHead(6))])).toEqual([
      [true, false],
      [false, true],
    ]);
    // One of them alone may change.
    const given = take(
      oneTrack(20, 2, 0, opusHead(1)),
      manyTracks(
        20,
        1,
        new Map([
          [1, SOUND],
          [2, SOUND],
        ]),
      ),
    );
    expect(given.map(({ frame, startsAnew }) => [frame.isHeader, startsAnew])).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(intake.headersAt(0)).toHaveLength(2);
  });
});
