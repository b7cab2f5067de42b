import { beforeEach, describe, expect, it } from 'vitest';
import { AVCC_720, AVCC_1080, HVCC_322 } from '../testing/configurations.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { readMediaTag } from '../wire/media-tag.js';
import {
  codecOf,
  formatOf,
  headersOf,
  lengthBytesOf,
  SourceHeaders,
  type SourceTrack,
  trackKey,
} from './source-headers.js';

const AVC = 7;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const video = (bytes: string, body: Buffer = Buffer.alloc(0)): Frame =>
  makeFrame('video', 0, Buffer.concat([hex(bytes), body]));
const audio = (bytes: string): Frame => makeFrame('audio', 0, hex(bytes));

const HEADER_720 = video('17 00 000000', AVCC_720);
const HEADER_1080 = video('17 00 000000', AVCC_1080);
/** The same configuration in a tag that differs. */
const HEADER_720_AGAIN = video('17 00 000001', AVCC_720);
const CUT_HEADER = video('17 00 000000', AVCC_720.subarray(0, 8));
const HEVC_HEADER = video('90 68766331', HVCC_322);
/** Enhanced RTMP: colour information of HEVC. */
const COLOUR = video('94 68766331', hex('01 02 03'));
const AAC_HEADER = audio('af 00 1210');

let headers: SourceHeaders;
let track: SourceTrack;

beforeEach(() => {
  headers = new SourceHeaders();
  track = trackOf('video');
});

function trackOf(kind: 'audio' | 'video', id = 0): SourceTrack {
  const found = headers.track(kind, id);
  if (found === null) throw new Error('there are too many');
  return found;
}

function offer(frame: Frame, to = track): boolean {
  if (frame.kind === 'data') throw new Error('no track');
  return headers.offer(to, frame, readMediaTag(frame.kind, frame.payload));
}

/** What stands before the next frame, and whether it starts anew. */
function settle(format: number | string = AVC, of = track): [Buffer[], boolean] {
  const settled = headers.settle(of, format);
  return [settled.headers.map(({ payload }) => payload), settled.startsAnew];
}

describe('SourceHeaders', () => {
  it('gives a header before the next frame, once', () => {
    expect(offer(HEADER_720)).toBe(true);
    expect([track.held.size, headersOf(track)]).toEqual([1, []]);
    expect(settle()).toEqual([[HEADER_720.payload], false]);
    expect(settle()).toEqual([[], false]);
    expect(headersOf(track)).toEqual([HEADER_720]);
  });

  it('takes an identical header for no change, however often it comes', () => {
    offer(HEADER_720);
    settle();
    for (let i = 0; i < 3; i += 1) {
      expect(offer(HEADER_720)).toBe(true);
      expect(settle()).toEqual([[], false]);
    }
    // Also where another one was announced meanwhile and taken back.
    offer(HEADER_1080);
    offer(HEADER_720);
    expect(settle()).toEqual([[], false]);
  });

  it('starts anew with another configuration, not with the same one in another tag', () => {
    offer(HEADER_720);
    settle();
    offer(HEADER_720_AGAIN);
    expect(settle()).toEqual([[HEADER_720_AGAIN.payload], false]);
    offer(HEADER_1080);
    expect(settle()).toEqual([[HEADER_1080.payload], true]);
  });

  it('starts anew with another codec, and forgets the configuration of the old one', () => {
    offer(HEADER_720);
    settle();
    expect(settle('hvc1')).toEqual([[], true]);
    expect(headersOf(track)).toEqual([]);
    offer(HEVC_HEADER);
    expect(settle('hvc1')).toEqual([[HEVC_HEADER.payload], false]);
  });

  it('takes back the headers of a codec that comes back without any, unless others came', () => {
    offer(HEADER_720);
    settle();
    offer(HEVC_HEADER);
    offer(COLOUR);
    expect(settle('hvc1')).toEqual([[HEVC_HEADER.payload, COLOUR.payload], true]);
    expect(settle()).toEqual([[HEADER_720.payload], true]);
    expect(headersOf(track)).toEqual([HEADER_720]);
    expect(settle('hvc1')).toEqual([[HEVC_HEADER.payload, COLOUR.payload], true]);
    offer(HEADER_1080);
    expect(settle()).toEqual([[HEADER_1080.payload], true]);
    expect(headersOf(track)).toEqual([HEADER_1080]);
  });

  it('keeps those of few codecs', () => {
    const codecs = ['av01', 'vvc1', 'vp08', 'vp09', 'yyyy', 'xxxx'];
    for (const codec of codecs) {
      offer(video(`90 ${Buffer.from(codec).toString('hex')}`, Buffer.alloc(16, 0x81)));
      settle(codec);
    }
    expect(settle('av01')[0]).toEqual([]);
    expect(settle('yyyy')[0]).toHaveLength(1);
  });

  it('forgets a configuration of another codec that came before the first frame', () => {
    offer(HEADER_720);
    headers.settleFirst();
    expect(settle('hvc1')).toEqual([[], true]);
    expect(headersOf(track)).toEqual([]);
  });

  it('keeps a header of another codec for when that comes', () => {
    offer(HEADER_720);
    settle();
    offer(HEVC_HEADER);
    expect(settle()).toEqual([[], false]);
    expect(settle('hvc1')).toEqual([[HEVC_HEADER.payload], true]);
  });

  it('keeps what else players need, and gives the configuration first', () => {
    expect(offer(COLOUR)).toBe(true);
    offer(HEVC_HEADER);
    expect(settle('hvc1')).toEqual([[COLOUR.payload, HEVC_HEADER.payload], false]);
    expect(headersOf(track)).toEqual([HEVC_HEADER, COLOUR]);
    // Another colour is no other configuration.
    offer(video('94 68766331', hex('04')));
    expect(settle('hvc1')[1]).toBe(false);
  });

  it('takes none that is empty or huge', () => {
    expect(offer(video('17 00 000000'))).toBe(false);
    expect(offer(video('94 68766331', Buffer.alloc(65_537)))).toBe(false);
    expect([headers.isAnyUnsettled, track.held.size]).toEqual([false, 0]);
    expect(offer(video('94 68766331', Buffer.alloc(65_536)))).toBe(true);
  });

  it('takes a cut configuration only where no whole one is known', () => {
    expect(offer(CUT_HEADER)).toBe(true);
    expect(offer(HEADER_720)).toBe(true);
    // Held already.
    expect(offer(CUT_HEADER)).toBe(false);
    settle();
    expect(offer(CUT_HEADER)).toBe(false);
    expect(headersOf(track)).toEqual([HEADER_720]);
  });

  it('carries 16 tracks', () => {
    for (let id = 1; id < 16; id += 1) expect(headers.track('video', id)).not.toBeNull();
    expect(headers.track('audio', 0)).toBeNull();
    expect(headers.track('video', 3)).toBe(headers.known('video', 3));
    expect(headers.known('audio', 0)).toBeNull();
  });

  it('lets headers count before any frame, until there is one', () => {
    const sound = trackOf('audio');
    const silent = trackOf('audio', 1);
    offer(HEADER_720);
    expect(headers.isAnyUnsettled).toBe(true);
    expect(headers.settleFirst()).toEqual([track]);
    expect([headers.isAnyUnsettled, headersOf(track), track.held.size]).toEqual([false, [HEADER_720], 0]);
    expect(headers.settleFirst()).toEqual([]);
    offer(AAC_HEADER, sound);
    expect([headers.isAnyUnsettled, headers.settleFirst()]).toEqual([true, [sound]]);
    settle();
    // Of a track that is there a header waits for its frame.
    offer(HEADER_1080);
    expect([headers.isAnyUnsettled, headers.settleFirst()]).toEqual([false, []]);
    // One that counts already is replaced only by a frame.
    offer(audio('af 00 1190'), sound);
    expect([headers.settleFirst(), headersOf(sound), headersOf(silent)]).toEqual([[], [AAC_HEADER], []]);
  });

  it('gives joiners those of video first, each kind’s by the track’s id', () => {
    const order = [trackOf('audio', 2), trackOf('video', 2), trackOf('audio', 1), track, trackOf('video', 1)];
    for (const each of order) {
      offer(each.kind === 'audio' ? AAC_HEADER : HEADER_720, each);
    }
    headers.settleFirst();
    const seen: string[] = [];
    const given = headers.present(({ kind, id }) => {
      seen.push(`${kind} ${id}`);
      return id !== 1;
    });
    expect(given).toEqual([HEADER_720, HEADER_720, AAC_HEADER]);
    expect(seen).toHaveLength(5);
    const byId = new SourceHeaders();
    headers = byId;
    const [second, first] = [trackOf('video', 2), trackOf('video', 1)];
    offer(HEADER_1080, second);
    offer(HEADER_720, first);
    headers.settleFirst();
    expect(headers.present(() => true)).toEqual([HEADER_720, HEADER_1080]);
  });
});

describe('what is known of a track', () => {
  it('is its codec, of its frames, else of its configuration', () => {
    expect(codecOf(track)).toBeNull();
    offer(HEADER_720);
    headers.settleFirst();
    expect(codecOf(track)).toBe(AVC);
    settle('hvc1');
    expect(codecOf(track)).toBe('hvc1');
  });

  it('is how long the lengths of its NAL units are: four bytes where nothing tells', () => {
    expect(lengthBytesOf(track)).toBe(4);
    const short = Buffer.from(AVCC_720);
    short[4] = 0xfd;
    offer(video('17 00 000000', short));
    headers.settleFirst();
    expect(lengthBytesOf(track)).toBe(2);
    const sound = trackOf('audio');
    offer(AAC_HEADER, sound);
    const cut = trackOf('video', 1);
    offer(video('17 00 000000', short.subarray(0, 8)), cut);
    headers.settleFirst();
    expect([lengthBytesOf(sound), lengthBytesOf(cut)]).toEqual([4, 4]);
  });

  it('is the rate and the channels of sound without a configuration', () => {
    expect(formatOf('audio', 7, hex('72 d5'))).toBe(0x172);
    expect(formatOf('audio', 10, hex('af 01'))).toBe(10);
    expect(formatOf('audio', 'Opus', hex('91'))).toBe('Opus');
    expect(formatOf('video', 7, hex('17'))).toBe(7);
    expect(formatOf('audio', 2, Buffer.alloc(0))).toBe(0x100);
  });

  it('is a number for each', () => {
    expect([
      trackKey('video', 0),
      trackKey('video', 255),
      trackKey('audio', 0),
      trackKey('audio', 3),
    ]).toEqual([0, 255, 256, 259]);
  });
});
