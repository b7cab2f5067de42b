import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collect } from '../testing/collect.js';
import { AUDIO, INTER, KEY, METADATA } from '../testing/frames.js';
import { FrameHistory, isReplayEnd, replayEnd } from './frame-history.js';
import { MediaPacket } from './packet.js';
import { PAGE_BYTES, PAGES } from './page-pool.js';

/** What a frame of these tests costs in the history. */
const FRAME_BYTES = 6 + 128;

const LIMITS = { replayMs: 1000, replayBytesMax: 1_000_000, gopCacheBytesMax: 1_000_000 };

/** A history that a picture came to at each of these times; players may start at those in `starts`. */
function historyOf(
  times: readonly number[],
  starts: readonly number[] = [],
  limits: Partial<typeof LIMITS> = {},
): FrameHistory {
  const history = new FrameHistory({ ...LIMITS, ...limits });
  for (const at of times) history.push(starts.includes(at) ? KEY(at) : INTER(at), starts.includes(at), at);
  return history;
}

const timesOf = (history: FrameHistory): number[] => history.frames.map(({ timestampMs }) => timestampMs);
const kept = (list: readonly { readonly atMs: number }[]): number[] => list.map(({ atMs }) => atMs);
const every = (stepMs: number, toMs: number, fromMs = 0): number[] =>
  Array.from({ length: (toMs - fromMs) / stepMs + 1 }, (_, index) => fromMs + index * stepMs);

describe('FrameHistory', () => {
  it('keeps what came within replayMs', () => {
    expect(timesOf(historyOf([0, 100, 1000]))).toEqual([0, 100, 1000]);
    expect(timesOf(historyOf([0, 100, 1001]))).toEqual([100, 1001]);
    expect(timesOf(historyOf([0, 100, 5000]))).toEqual([5000]);
  });

  it('keeps more from the newest start on', () => {
    const times = [0, 100, ...every(300, 5200, 400)];
    const history = historyOf(times, [0, 100]);
    expect(kept(history.all)).toEqual(times.slice(1));
    expect(kept(history.fromStart())).toEqual(times.slice(1));
    expect([history.hasStart, history.isEmpty]).toEqual([true, false]);
  });

  it('has no start any more after a pause in which frames were lost, and keeps it where they were held up', () => {
    for (const [timestampMs, hasStart] of [
      [3000, false],
      [240, true],
    ] as const) {
      const history = historyOf([0, 100, 200], [100]);
      history.push(INTER(timestampMs), false, 3000);
      expect(history.hasStart).toBe(hasStart);
      history.push(KEY(timestampMs + 40), true, 3040);
      expect(kept(history.fromStart())).toEqual([3040]);
    }
  });

  it('keeps the start of a slide show, whose pictures are always far apart', () => {
    const history = historyOf(every(1000, 9000), [1000]);
    expect(kept(history.fromStart())).toEqual(every(1000, 9000, 1000));
  });

  it('keeps the start of a slide show that has just begun', () => {
    const history = historyOf([0, 1000], [0]);
    expect([history.hasStart, kept(history.fromStart())]).toEqual([true, [0, 1000]]);
    history.clear();
    for (const at of [50_000, 51_000]) history.push(INTER(at), at === 50_000, at);
    expect(history.hasStart).toBe(true);
  });

  it('tells lost frames in a replay, and right after it, by what the frames say alone', () => {
    const replayOf = (times: readonly number[], liveFrom: number) => {
      const history = historyOf([]);
      for (const at of times) history.push(INTER(at), at === 0, 9000, at < liveFrom);
      return history;
    };
    const early = replayOf([0, 40, 80, 500, 540], 10_000);
    expect([early.hasStart, early.framesSincePause?.length]).toEqual([false, 2]);
    const late = replayOf([0, 40, 80, 8000, 8040], 8000);
    expect([late.hasStart, late.framesSincePause?.length]).toEqual([false, 2]);
    for (const whole of [replayOf(every(40, 2000), 1000), replayOf(every(1000, 9000), 5000)])
      expect([whole.hasStart, whole.framesSincePause]).toEqual([true, null]);
    // Of live frames that come at once none is lost, whatever they say.
    expect(replayOf([0, 40, 80, 8000], 80).hasStart).toBe(true);
  });

  it('drops the oldest where there are too many bytes', () => {
    const history = historyOf(every(10, 100), [50], { replayBytesMax: 4 * FRAME_BYTES });
    expect(timesOf(history)).toEqual(every(10, 100, 50));
    expect(timesOf(historyOf(every(10, 100), [], { replayBytesMax: 4 * FRAME_BYTES }))).toEqual([
      70, 80, 90, 100,
    ]);
    expect(timesOf(historyOf(every(10, 100), [], { replayBytesMax: 4 * FRAME_BYTES - 1 }))).toEqual([
      80, 90, 100,
    ]);
  });

  it.each([
    ['the GOP cache', { replayBytesMax: 2 * FRAME_BYTES, gopCacheBytesMax: 6 * FRAME_BYTES }],
    ['the replay', { replayBytesMax: 6 * FRAME_BYTES, gopCacheBytesMax: 2 * FRAME_BYTES }],
  ])('keeps what came since a start as far as %s may go, then it is no start any more', (_, limits) => {
    const history = historyOf([0, 10, 20, 30, 40, 50, 60, 70], [10, 20], limits);
    expect(kept(history.fromStart())).toEqual([20, 30, 40, 50, 60, 70]);
    history.push(AUDIO(80), false, 80);
    expect([history.hasStart, history.fromStart()]).toEqual([false, []]);
    // Half a GOP is of no use to players; what is left of it still tells where others go on.
    expect(timesOf(history).at(0)).toBeGreaterThan(20);
    expect(timesOf(history).at(-1)).toBe(80);
    history.push(KEY(90), true, 90);
    expect(kept(history.fromStart())).toEqual([90]);
  });

  it('gives what came since a time, from the newest start on at the least', () => {
    const history = historyOf([0, 100, 200, 300, 400], [0, 200]);
    expect(kept(history.since(100))).toEqual([100, 200, 300, 400]);
    expect(kept(history.since(101))).toEqual([200, 300, 400]);
    expect(kept(history.since(350))).toEqual([200, 300, 400]);
    expect(kept(history.since(-5))).toEqual([0, 100, 200, 300, 400]);
    const headless = historyOf([0, 100, 200]);
    expect(kept(headless.since(101))).toEqual([200]);
    expect(headless.since(201)).toEqual([]);
  });

  it('knows what came after the newest pause', () => {
    expect(historyOf([0, 399, 798]).framesSincePause).toBeNull();
    const since = (times: readonly number[]) =>
      historyOf(times, [], { replayMs: 3000 }).framesSincePause?.map(({ timestampMs }) => timestampMs);
    expect(since([0, 400, 500])).toEqual([400, 500]);
    expect(since([0, 400, 500, 1000, 1100])).toEqual([1000, 1100]);
    // What was there before is gone: everything came after it.
    expect(historyOf([0, 1500, 1600]).framesSincePause).toBeNull();
  });

  it('stays the same when many frames have gone', () => {
    const history = historyOf(every(10, 100_000), [99_500]);
    expect(kept(history.all)).toEqual(every(10, 100_000, 99_000));
    expect(kept(history.fromStart())).toEqual(every(10, 100_000, 99_500));
    const paused = historyOf([...every(1, 2000), ...every(1, 2590, 2500)], [], { replayMs: 600 });
    expect([paused.all.length, paused.framesSincePause?.length]).toEqual([11 + 91, 91]);
  });

  it('counts no bytes of what has gone', () => {
    const history = new FrameHistory({ ...LIMITS, replayMs: 100, replayBytesMax: 20_000 });
    for (const at of every(10, 20_000)) history.push(INTER(at, 0, 500), false, at);
    expect(kept(history.all)).toEqual(every(10, 20_000, 19_900));
    history.clear();
    for (const at of every(10, 20_100, 20_010)) history.push(INTER(at, 0, 1700), false, at);
    expect(kept(history.all)).toEqual(every(10, 20_100, 20_010));
  });

  it('is empty after all of it was too large, or cleared', () => {
    const huge = historyOf([0], [0], { replayBytesMax: 100, gopCacheBytesMax: 100 });
    expect([huge.isEmpty, huge.hasStart, huge.all]).toEqual([true, false, []]);
    huge.push(INTER(10), false, 10);
    expect([huge.isEmpty, huge.hasStart]).toEqual([true, false]);
    const history = historyOf([0, 100, 600, 700], [100]);
    history.clear();
    expect([history.isEmpty, history.hasStart, history.framesSincePause]).toEqual([true, false, null]);
    history.push(INTER(800), false, 800);
    expect([kept(history.all), history.hasStart, history.framesSincePause]).toEqual([[800], false, null]);
  });

  it('keeps the pictures since the start where the sound changes, for who starts there and nobody else', () => {
    const history = historyOf([0, 100, 200], [100]);
    for (const at of [110, 210]) history.push(AUDIO(at), false, at);
    history.push(METADATA(), false, 220);
    history.forgetSound();
    expect([history.all, history.frames, history.since(0), history.hasStart]).toEqual([[], [], [], true]);
    expect(kept(history.fromStart())).toEqual([100, 200, 220]);
    history.push(AUDIO(300), false, 300);
    history.push(INTER(340), false, 340);
    expect(timesOf(history)).toEqual([300, 340]);
    expect([kept(history.all), kept(history.since(0)), kept(history.since(320))]).toEqual([
      [300, 340],
      [300, 340],
      [340],
    ]);
    expect(kept(history.fromStart())).toEqual([100, 200, 220, 300, 340]);
    history.forgetSound();
    expect(kept(history.fromStart())).toEqual([100, 200, 220, 340]);
    expect(history.framesSincePause).toBeNull();
    history.push(INTER(800), false, 800);
    expect(history.framesSincePause).toBeNull();
    history.push(KEY(840), true, 840);
    expect([kept(history.fromStart()), kept(history.since(2000))]).toEqual([[840], [840]]);
  });

  it('keeps nothing where the sound changes and players started with sound', () => {
    const history = new FrameHistory(LIMITS);
    history.push(AUDIO(0), true, 0);
    history.push(INTER(20), false, 20);
    history.forgetSound();
    expect([history.isEmpty, history.hasStart, history.fromStart()]).toEqual([true, false, []]);
  });

  it('tells the end of a replay from other data', () => {
    expect(isReplayEnd(replayEnd())).toBe(true);
    expect(isReplayEnd({ ...replayEnd(), kind: 'audio' })).toBe(false);
    expect(isReplayEnd(METADATA())).toBe(false);
    expect(replayEnd().payload.toString('latin1')).toContain('|HeadwaterReplayEnd');
  });
});

it('what a history drops is let go at once', async () => {
  const history = new FrameHistory({ ...LIMITS, replayMs: 100 });
  const dropped: WeakRef<object>[] = [];
  for (let ms = 0; ms < 1_000; ms += 10) {
    const frame = INTER(ms);
    history.push(frame, false, ms);
    if (ms < 890) dropped.push(new WeakRef(frame));
  }
  await turn();
  collect();
  await turn();
  expect(history.frames).toHaveLength(11);
  expect(dropped.filter((ref) => ref.deref() !== undefined)).toEqual([]);
});

/** Pages of this thread that are in use when `act` has run, beside those before. */
function pagesLentBy(act: () => void): number {
  const before = PAGES.lent;
  act();
  return PAGES.lent - before;
}

describe('the pages of a history', () => {
  it('are used again as frames are dropped, and all given back when it is cleared', () => {
    const history = new FrameHistory({ ...LIMITS, replayMs: 100 });
    const lent = pagesLentBy(() => {
      for (let ms = 0; ms < 10_000; ms += 10) history.push(INTER(ms, ms % 256, 5_000), false, ms);
    });
    expect(lent).toBeLessThanOrEqual(Math.ceil((12 * 5_006) / PAGE_BYTES) + 1);
    expect(history.frames.map(({ payload }) => payload)).toEqual(
      every(10, 9_990, 9_890).map((ms) => INTER(ms, ms % 256, 5_000).payload),
    );
    expect(pagesLentBy(() => history.clear())).toBe(-lent);
  });

  it('are given back when the last frame is dropped', () => {
    const history = new FrameHistory({ ...LIMITS, replayBytesMax: 10, gopCacheBytesMax: 10 });
    expect(pagesLentBy(() => history.push(KEY(0), true, 0))).toBe(0);
  });

  it('are shared by two histories of the same packets, on whatever line of time, until both have dropped them', () => {
    const [first, second] = [new FrameHistory(LIMITS), new FrameHistory(LIMITS)];
    const packets = every(10, 900).map((ms) => new MediaPacket(INTER(ms, 7, 5_000), ms));
    const lent = pagesLentBy(() => {
      for (const packet of packets) first.push(packet, false, packet.timestampMs);
    });
    expect(
      pagesLentBy(() => {
        for (const packet of packets) second.push(new MediaPacket(packet, 5), false, packet.timestampMs);
      }),
    ).toBe(0);
    first.clear();
    expect(second.frames.map(({ payload }) => payload)).toEqual(packets.map(({ payload }) => payload));
    expect(pagesLentBy(() => second.clear())).toBeLessThanOrEqual(1 - lent);
  });

  it('hold what a history goes on with after the sound changed', () => {
    const history = new FrameHistory(LIMITS);
    history.push(KEY(0, 1, 20_000), true, 0);
    history.push(AUDIO(10, 2), false, 10);
    history.push(INTER(40, 3, 20_000), false, 40);
    history.forgetSound();
    history.push(INTER(80, 4, 20_000), false, 80);
    expect(history.fromStart().map(({ frame }) => frame.payload)).toEqual(
      [KEY(0, 1, 20_000), INTER(40, 3, 20_000), INTER(80, 4, 20_000)].map(({ payload }) => payload),
    );
  });

  it('say so rather than give what others wrote there, where a frame is read that was dropped', () => {
    const history = new FrameHistory(LIMITS);
    history.push(KEY(0, 1), true, 0);
    const [frame] = history.frames;
    history.clear();
    expect(() => frame?.payload).toThrow('let it go');
  });
});
