import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIO_HEADER, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { findSplice, type SpliceHints } from './splice.js';

const NO_HINTS: SpliceHints = { offsetMs: 0, elapsedMs: 0 };

const video = (timestampMs: number, content: string, isKeyframe = false): Frame => ({
  kind: 'video',
  timestampMs: timestampMs >>> 0,
  payload: Buffer.from(content),
  isHeader: false,
  isKeyframe,
});
const audio = (timestampMs: number, content: string): Frame => ({
  kind: 'audio',
  timestampMs: timestampMs >>> 0,
  payload: Buffer.from(content),
  isHeader: false,
  isKeyframe: false,
});

/** An encode of 25 pictures and 40 sounds a second; `silent`: every sound alike; `still`: every GOP alike. */
function encode(
  seconds: number,
  { silent = false, still = false, hasVideo = true, hasAudio = true } = {},
): Frame[] {
  const frames: Frame[] = [];
  for (let ms = 0; ms < seconds * 1000; ms += 5) {
    const picture = ms / 40;
    if (hasVideo && ms % 40 === 0) {
      frames.push(video(ms, `picture ${still ? picture % 25 : picture}`, picture % 25 === 0));
    }
    if (hasAudio && ms % 25 === 0) frames.push(audio(ms, silent ? 'silence' : `sound ${ms / 25}`));
  }
  return frames;
}

const later = (frames: readonly Frame[], offsetMs: number): Frame[] =>
  frames.map((frame) => ({ ...frame, timestampMs: (frame.timestampMs + offsetMs) >>> 0 }));

const told = (frames: readonly Frame[]): string[] =>
  frames.map(({ kind, timestampMs, payload }) => `${kind} ${timestampMs} ${payload}`);

/** Delivered up to `end`, the copy from `start` on up to `edge`, its clock `offsetMs` behind: what is spliced. */
function spliced(
  whole: readonly Frame[],
  [end, start, edge]: readonly [number, number, number],
  offsetMs: number,
) {
  const delivered = whole.slice(0, end);
  const copy = later(whole.slice(start, edge), -offsetMs);
  return findSplice(delivered, copy, NO_HINTS);
}

describe('findSplice', () => {
  const whole = encode(6);

  it.each([
    ['the copy is ahead', [200, 100, 350], 0],
    ['the copy reaches back further than what was delivered', [100, 0, 300], 0],
    ['the copy ends with the last delivered frame', [200, 100, 200], 0],
    ['the clocks differ', [200, 120, 300], 123_456],
    ['the copy has a clock that is before zero', [200, 120, 300], 4_294_967_000],
  ] as const)('goes on with the very next frame where %s', (_, cut, offsetMs) => {
    const result = spliced(whole, cut, offsetMs);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(result.offsetMs).toBe(offsetMs | 0);
    expect(told(later(result.frames, result.offsetMs))).toEqual(told(whole.slice(cut[0], cut[2])));
  });

  it('tells how far a copy lags', () => {
    const result = spliced(whole, [300, 100, 250], 777);
    expect(result).toMatchObject({ kind: 'behind' });
    if (result.kind === 'behind') expect(result.lagMs).toBeGreaterThan(700);
  });

  it('knows another encode, also one with the same silence', () => {
    const other = encode(6, { silent: true }).map((frame) =>
      frame.kind === 'video' ? { ...frame, payload: Buffer.concat([frame.payload, Buffer.of(1)]) } : frame,
    );
    expect(findSplice(encode(6, { silent: true }), other, NO_HINTS)).toEqual({ kind: 'none' });
    expect(findSplice(whole, [], NO_HINTS)).toEqual({ kind: 'none' });
    expect(findSplice([], whole, NO_HINTS)).toEqual({ kind: 'none' });
  });

  it('waits for the track that lags, though the other is there', () => {
    const copy = whole.filter(({ kind, timestampMs }) => timestampMs < (kind === 'audio' ? 2900 : 3500));
    const delivered = whole.filter(({ timestampMs }) => timestampMs < 3000);
    // The last sound of what was delivered is at 2975, the copy's at 2875.
    expect(findSplice(delivered, copy, NO_HINTS)).toEqual({ kind: 'behind', lagMs: 100 });
  });

  it.each([
    ['each GOP', (frame: Frame) => `picture ${(frame.timestampMs / 40) % 25}`],
    ['each picture', () => 'picture'],
  ])('finds its place by the sound where %s is alike and no hint helps', (_, content) => {
    const still = whole.map((frame) =>
      frame.kind === 'video' ? { ...frame, payload: Buffer.from(content(frame)) } : frame,
    );
    const result = findSplice(still.slice(0, 250), later(still.slice(60, 330), -40_000), {
      offsetMs: 0,
      elapsedMs: 0,
    });
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, result.offsetMs))).toEqual(told(still.slice(250, 330)));
  });

  it('takes one or two frames alike for no proof', () => {
    const pictures = encode(4, { hasAudio: false });
    expect(findSplice(pictures.slice(0, 52), pictures.slice(50), NO_HINTS).kind).toBe('none');
    expect(findSplice(pictures.slice(0, 53), pictures.slice(50), NO_HINTS).kind).toBe('exact');
  });

  it('takes all that was delivered of a stream that has just begun for proof, on the same clock', () => {
    const pictures = encode(4, { hasAudio: false });
    const begun = (count: number, offsetMs: number) =>
      findSplice(pictures.slice(50, 50 + count), later(pictures.slice(0, 80), -offsetMs), {
        offsetMs: 7000,
        elapsedMs: 0,
      });
    const result = begun(1, 7000);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, 7000))).toEqual(told(pictures.slice(51, 80)));
    expect(begun(2, 7003).kind).toBe('exact');
    expect(begun(2, 7004).kind).toBe('none');
    expect(begun(3, 8000).kind).toBe('exact');
  });

  it('takes three frames of all tracks for proof where no more was delivered, and two not', () => {
    // A picture, a sound, and a sound.
    const copy = later(whole.slice(0, 60), -5000);
    expect(findSplice(whole.slice(0, 2), copy, NO_HINTS).kind).toBe('none');
    const result = findSplice(whole.slice(0, 3), copy, NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, 5000))).toEqual(told(whole.slice(3, 60)));
  });

  it('takes no few frames for proof where the copy has a track that was not delivered', () => {
    const pictures = whole.filter(({ kind }) => kind === 'video');
    expect(findSplice(pictures.slice(0, 2), whole, NO_HINTS).kind).toBe('none');
  });

  it('takes no few frames for proof where the copy ends before them, or has another one among them', () => {
    const pictures = encode(4, { hasAudio: false });
    expect(findSplice(pictures.slice(50, 52), pictures.slice(0, 51), NO_HINTS).kind).toBe('none');
    const other = pictures.map((frame, index) => (index === 50 ? video(frame.timestampMs, 'other') : frame));
    expect(findSplice(pictures.slice(50, 52), other, NO_HINTS).kind).toBe('none');
  });

  it('is not fooled by silence: the pictures tell', () => {
    const silent = encode(6, { silent: true });
    const result = spliced(silent, [200, 100, 320], 5000);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, 5000))).toEqual(told(silent.slice(200, 320)));
  });

  it('finds its place in a picture that stands still by the clock that both copies have', () => {
    const still = encode(6, { silent: true, still: true });
    const result = findSplice(still.slice(100, 250), later(still.slice(60, 330), -40_000), {
      offsetMs: 40_000,
      elapsedMs: 0,
    });
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, 40_000))).toEqual(told(still.slice(250, 330)));
  });

  it.each([
    [200, 39_000],
    [1200, 40_000],
    [2200, 41_000],
  ])('finds it by the time that has passed, where the clocks differ: %d ms', (elapsedMs, offsetMs) => {
    const still = encode(8, { silent: true, still: true });
    const result = findSplice(still.slice(100, 250), later(still.slice(130, 331), -40_000), {
      offsetMs: 0,
      elapsedMs,
    });
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(result.offsetMs).toBe(offsetMs);
    // What comes in so much time, 65 frames a second.
    expect(Math.abs(result.frames.length - (elapsedMs * 65) / 1000)).toBeLessThan(6);
  });

  it('finds it by the clock that both copies have where all pictures and all sounds are alike', () => {
    const still = encode(6, { silent: true }).map((frame) =>
      frame.kind === 'video' ? { ...frame, payload: Buffer.from('picture') } : frame,
    );
    for (const offsetMs of [40_000, 40_200, 39_800]) {
      const hints = { offsetMs, elapsedMs: 0 };
      const result = findSplice(still.slice(0, 250), later(still.slice(60, 330), -40_000), hints);
      if (result.kind !== 'exact') throw new Error(result.kind);
      expect(result.offsetMs).toBe(offsetMs);
    }
  });

  it('prefers a place where all frames are alike to one where most are, whatever the hints say', () => {
    // Every GOP is alike, and every half second of sound but for one sound.
    const frames = encode(13, { still: true }).map((frame) => {
      if (frame.kind === 'video') return frame;
      const sound = frame.timestampMs / 25;
      return { ...frame, payload: Buffer.from(sound === 420 ? 'bell' : `sound ${sound % 20}`) };
    });
    const delivered = frames.filter(({ timestampMs }) => timestampMs < 12_000);
    const copy = frames.filter(({ timestampMs }) => timestampMs >= 3000);
    for (const offsetMs of [39_000, 41_000]) {
      const result = findSplice(delivered, later(copy, -40_000), { offsetMs, elapsedMs: 1000 });
      if (result.kind !== 'exact') throw new Error(result.kind);
      expect(result.offsetMs).toBe(40_000);
      expect(told(later(result.frames, 40_000))).toEqual(told(frames.slice(delivered.length)));
    }
  });

  it('finds its place among silent sounds that are 2.5 ms long', () => {
    const silence = Array.from({ length: 400 }, (_, at) => audio(Math.floor(at * 2.5), 'silence'));
    const frames = [...encode(1, { hasAudio: false }), ...silence].sort(
      (a, b) => a.timestampMs - b.timestampMs,
    );
    const delivered = frames.filter(({ timestampMs }) => timestampMs < 600);
    const result = findSplice(delivered, later(frames.slice(50), -40_000), NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(later(result.frames, 40_000))).toEqual(told(frames.slice(delivered.length)));
  });

  it.each([
    [16, 'exact'],
    [15, 'none'],
  ])('takes %d frames alike before one that is not for %s', (alike, kind) => {
    const pictures = encode(4, { hasAudio: false });
    const copy = pictures
      .slice(10, 70)
      .map((frame, index) =>
        index < 40 - alike ? { ...frame, payload: Buffer.from(`another ${index}`) } : frame,
      );
    expect(findSplice(pictures.slice(0, 50), copy, NO_HINTS).kind).toBe(kind);
  });

  it.each([
    [3, 'exact'],
    [-3, 'exact'],
    [4, 'none'],
  ])('allows timestamps that are rounded: %d ms off is %s', (offMs, kind) => {
    const pictures = encode(4, { hasAudio: false });
    const copy = pictures
      .slice(10, 70)
      .map((frame, index) =>
        index % 2 === 0 ? { ...frame, timestampMs: frame.timestampMs + offMs } : frame,
      );
    expect(findSplice(pictures.slice(0, 50), copy, NO_HINTS).kind).toBe(kind);
  });

  it('takes no copy whose sound is another', () => {
    const dubbed = whole.map((frame) =>
      frame.kind === 'audio' ? { ...frame, payload: Buffer.concat([frame.payload, Buffer.of(1)]) } : frame,
    );
    expect(findSplice(whole.slice(0, 200), dubbed.slice(100, 300), NO_HINTS)).toEqual({ kind: 'none' });
    // Not even where it begins with the very last sound that was delivered.
    const last = whole.slice(0, 200).findLast(({ kind }) => kind === 'audio')?.timestampMs ?? 0;
    const late = dubbed
      .slice(100, 300)
      .filter(({ kind, timestampMs }) => kind === 'video' || timestampMs >= last);
    expect(findSplice(whole.slice(0, 200), late, NO_HINTS)).toEqual({ kind: 'none' });
    const later = late.filter(({ kind, timestampMs }) => kind === 'video' || timestampMs > last);
    expect(findSplice(whole.slice(0, 200), later, NO_HINTS).kind).toBe('exact');
  });

  it('takes no copy without the pictures, or the sound, that were delivered', () => {
    for (const kind of ['video', 'audio'] as const) {
      const half = whole.filter((frame) => frame.kind === kind);
      expect(findSplice(whole.slice(0, 200), half.slice(10), NO_HINTS)).toEqual({ kind: 'none' });
      // A track more than was delivered is no contradiction.
      expect(findSplice(half.slice(0, 100), whole.slice(50), NO_HINTS).kind).toBe('exact');
    }
  });

  it('takes no copy whose pictures begin only behind what was delivered, or whose sound lies elsewhere', () => {
    const late = whole.filter(({ kind, timestampMs }) => kind === 'audio' || timestampMs >= 3000);
    const delivered = whole.filter(({ timestampMs }) => timestampMs < 3000);
    expect(findSplice(delivered, late, NO_HINTS)).toEqual({ kind: 'none' });
    const shifted = whole
      .map((frame) => (frame.kind === 'audio' ? { ...frame, timestampMs: frame.timestampMs + 500 } : frame))
      .sort((a, b) => a.timestampMs - b.timestampMs);
    expect(findSplice(delivered, shifted, NO_HINTS)).toEqual({ kind: 'none' });
  });

  it('needs no data that was delivered to be in the copy', () => {
    const cue: Frame = { ...audio(2900, 'cue'), kind: 'data' };
    const delivered = [...whole.slice(0, 195), cue, ...whole.slice(195, 200)];
    for (const copy of [whole.slice(100, 220), [cue, ...whole.slice(100, 220)]]) {
      const result = findSplice(delivered, copy, NO_HINTS);
      if (result.kind !== 'exact') throw new Error(result.kind);
      expect(told(result.frames)).toEqual(told(whole.slice(200, 220)));
    }
  });

  it('gives a header that stands before the next picture, also behind a sound that was not delivered', () => {
    const delivered = whole.filter(({ timestampMs }) => timestampMs < 3000);
    const [sound, picture] = [audio(3000, 'sound'), video(3000, 'picture')];
    const result = findSplice(delivered, [...delivered, sound, VIDEO_HEADER(2), picture], NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(result.frames).toEqual([sound, VIDEO_HEADER(2), picture]);
  });

  it('is not led astray by headers between frames', () => {
    const copy = [...whole.slice(100, 196), VIDEO_HEADER(), AUDIO_HEADER(), ...whole.slice(196, 220)];
    const result = findSplice(whole.slice(0, 200), copy, NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(result.frames)).toEqual(told(whole.slice(200, 220)));
  });

  it('gives data from the first frame on that was not delivered, of whatever track', () => {
    const cue: Frame = { ...audio(0, 'cue'), kind: 'data' };
    // The copy has its sounds later: pictures go on before the data, sounds behind it.
    const pictures = whole.filter(({ kind, timestampMs }) => kind === 'video' && timestampMs < 3200);
    const sounds = whole.filter(({ kind, timestampMs }) => kind === 'audio' && timestampMs < 3200);
    const delivered = whole.filter(({ timestampMs }) => timestampMs < 3000);
    const result = findSplice(delivered, [...pictures, cue, ...sounds], NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    const isNew = ({ timestampMs }: Frame) => timestampMs >= 3000;
    expect(told(result.frames)).toEqual(told([...pictures.filter(isNew), cue, ...sounds.filter(isNew)]));
  });

  it('gives data that stands right before the first frame that was not delivered', () => {
    const [cue, text]: Frame[] = ['cue', 'text'].map((name) => ({ ...audio(0, name), kind: 'data' }));
    if (cue === undefined || text === undefined) throw new Error('no data');
    for (let next = 150; next < 190; next += 1) {
      const copy = [...whole.slice(100, next - 1), text, ...whole.slice(next - 1, next)];
      const result = findSplice(
        whole.slice(0, next),
        [...copy, cue, text, ...whole.slice(next, 220)],
        NO_HINTS,
      );
      if (result.kind !== 'exact') throw new Error(result.kind);
      expect(told(result.frames)).toEqual(told([cue, text, ...whole.slice(next, 220)]));
    }
  });

  it('does not mind frames that a copy lost some time ago', () => {
    const holed = whole.filter((_, index) => index < 120 || index > 125);
    const result = findSplice(whole.slice(0, 250), holed.slice(100, 300), NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(result.frames)).toEqual(told(whole.slice(250, 306)));
  });

  it.each([
    ['the copy lacks', (frames: readonly Frame[]) => [whole, frames] as const],
    ['was not delivered', (frames: readonly Frame[]) => [frames, whole] as const],
  ])('takes a few frames after a gap for proof, where all before that are alike: %s', (_, copiesOf) => {
    // Silent from 3 s on, and again for a moment right before it is looked at.
    const short = whole.filter(
      ({ timestampMs }) =>
        timestampMs < 3000 || (timestampMs >= 4600 && timestampMs < 4800) || timestampMs >= 4850,
    );
    const [sent, copy] = copiesOf(short);
    const delivered = sent.filter(({ timestampMs }) => timestampMs <= 5000);
    const splice = findSplice(delivered, later(copy, -7000), { offsetMs: 0, elapsedMs: 0 });
    expect(splice).toMatchObject({ kind: 'exact', offsetMs: 7000 });
    const expected = later(
      whole.filter(({ timestampMs }) => timestampMs > 5000),
      -7000,
    );
    expect(splice.kind === 'exact' && told(splice.frames)).toEqual(told(expected));
  });

  it('takes a few frames after a gap for proof where one of them begins within it', () => {
    const copy = whole.filter(({ timestampMs }) => timestampMs < 1000 || timestampMs >= 4800);
    const delivered = whole.filter(({ timestampMs }) => timestampMs >= 2000 && timestampMs <= 5000);
    expect(findSplice(delivered, copy, NO_HINTS)).toMatchObject({ kind: 'exact', offsetMs: 0 });
  });

  it('takes none for proof where a frame before the gap is another one, or at another time', () => {
    const before = (change: (frame: Frame) => Frame) =>
      whole
        .filter(({ timestampMs }) => timestampMs < 3000 || timestampMs >= 4800)
        .map((frame) => (frame.timestampMs < 3000 ? change(frame) : frame));
    const delivered = whole.filter(({ timestampMs }) => timestampMs <= 5000);
    const other = before((frame) => ({ ...frame, payload: Buffer.from(`other ${frame.payload}`) }));
    const apart = before((frame) => ({ ...frame, timestampMs: frame.timestampMs - 10 }));
    for (const copy of [other, apart])
      expect(findSplice(delivered, copy, NO_HINTS)).toEqual({ kind: 'none' });
  });

  it('leaves headers and data of the past out, and keeps later ones', () => {
    const data: Frame = { ...audio(0, 'cue'), kind: 'data' };
    const copy = [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), ...whole.slice(100, 150), data];
    const result = findSplice(whole.slice(0, 200), [...copy, ...whole.slice(150, 220), data], NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(result.frames)).toEqual(told([...whole.slice(200, 220), data]));
  });

  it('takes sound that begins only behind what was delivered', () => {
    const delivered = whole.filter(({ kind, timestampMs }) =>
      kind === 'video' ? timestampMs < 3000 : timestampMs < 2000,
    );
    const copy = whole.filter(({ kind, timestampMs }) => timestampMs >= (kind === 'video' ? 1000 : 2500));
    const result = findSplice(delivered, copy, NO_HINTS);
    if (result.kind !== 'exact') throw new Error(result.kind);
    expect(told(result.frames.filter(({ kind }) => kind === 'audio'))[0]).toBe('audio 2500 sound 100');
  });

  it('compares so many frames at most, however many are made to be alike', () => {
    let compared = 0;
    const payload = Object.assign(Buffer.from('x'), {
      equals: () => {
        compared += 1;
        return true;
      },
    });
    const alike = Array.from({ length: 20_000 }, (_, index) => ({
      ...(index % 2 === 0 ? video(0, 'x') : audio(0, 'x')),
      payload,
    }));
    findSplice(alike, alike, NO_HINTS);
    // 1,800 ways to lay 600 frames on 1,200, 200 frames looked at in each: for both tracks, then in eight places.
    expect(compared).toBeLessThan(10 * 1800 * 200);
    expect(compared).toBeGreaterThan(1800 * 100);
  });

  it('loses and doubles nothing, wherever the copies are cut, interleaved and clocked', () => {
    const streams = fc.record({
      seconds: fc.integer({ min: 1, max: 5 }),
      silent: fc.boolean(),
      still: fc.boolean(),
      hasVideo: fc.boolean(),
    });
    fc.assert(
      fc.property(
        streams,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.integer({ min: 0, max: 60 }),
        (options, a, b, c, clock, skewMs) => {
          const frames = encode(options.seconds, options);
          const end = Math.max(1, Math.floor(frames.length * a));
          const start = Math.floor(end * b);
          const edge = start + 1 + Math.floor((frames.length - start - 1) * c);
          const delivered = frames.slice(0, end);
          // The other output interleaves its sounds later than this one.
          const interleaved = frames
            .slice(start, edge)
            .map((frame) => ({ frame, at: frame.timestampMs + (frame.kind === 'audio' ? skewMs : 0) }))
            .sort((x, y) => x.at - y.at)
            .map(({ frame }) => frame);
          const result = findSplice(delivered, later(interleaved, -clock), {
            offsetMs: clock | 0,
            elapsedMs: 0,
          });
          if (result.kind !== 'exact') return;
          const goesOn = [...delivered, ...later(result.frames, result.offsetMs)];
          for (const kind of ['video', 'audio'] as const) {
            const got = told(goesOn.filter((frame) => frame.kind === kind));
            const sent = told(frames.filter((frame) => frame.kind === kind));
            expect(got).toEqual(sent.slice(0, got.length));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('always finds the place where half a second is in both and the copy is ahead', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 300 }),
        fc.integer({ min: 0, max: 250 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.boolean(),
        (end, start, clock, silent) => {
          fc.pre(start + 35 < end);
          const frames = encode(6, { silent });
          const result = findSplice(frames.slice(0, end), later(frames.slice(start), -clock), NO_HINTS);
          if (result.kind !== 'exact') throw new Error(result.kind);
          expect(result.frames.length).toBe(frames.length - end);
        },
      ),
      { numRuns: 200 },
    );
  });
});
