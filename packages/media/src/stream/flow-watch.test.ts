import { describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, METADATA } from '../testing/frames.js';
import { BurstWatch } from './burst-watch.js';
import { FlowWatch } from './flow-watch.js';

const flowWatch = () => new FlowWatch(1500, new BurstWatch());

function watch(stepMs: number, count = 20): FlowWatch {
  const stall = flowWatch();
  for (let i = 0; i < count; i += 1) stall.saw(INTER(i * stepMs), true, 0);
  return stall;
}

describe('FlowWatch', () => {
  it.each([
    // Frame interval, limit, limit of an owner that left the list.
    [40, 500, 120],
    [16, 500, 120],
    [100, 500, 300],
    [200, 600, 600],
    [1000, 2000, 2000],
  ])(
    'a frame each %d ms: %d ms of silence is a stall, %d ms where the owner left',
    (stepMs, limitMs, departedMs) => {
      expect(watch(stepMs).limitMs(false)).toBe(limitMs);
      expect(watch(stepMs).limitMs(true)).toBe(departedMs);
    },
  );

  it('waits for relay.stallMs where it knows nothing yet', () => {
    expect(flowWatch().limitMs(false)).toBe(1500);
    expect(watch(40, 1).limitMs(true)).toBe(1500);
  });

  it('takes the track that comes most often', () => {
    const stall = watch(1000);
    for (let i = 0; i < 10; i += 1) stall.saw(AUDIO(i * 23), true, 0);
    expect(stall.limitMs(false)).toBe(500);
  });

  it('learns nothing from headers, jumps, and clocks that wrap or go back', () => {
    const stall = watch(40);
    stall.saw(AUDIO_HEADER(), true, 0);
    stall.saw(INTER(3000), true, 0);
    expect(stall.limitMs(true)).toBeLessThan(150);
    stall.saw(INTER(900_000), true, 0);
    stall.saw(INTER(2 ** 32 - 20), true, 0);
    stall.saw(INTER(20), true, 0);
    stall.saw(INTER(0), true, 0);
    expect(stall.limitMs(false)).toBe(500);
  });

  it('says when it has come to know how often a track’s frames come', () => {
    const stall = flowWatch();
    const frames = [
      INTER(0),
      AUDIO_HEADER(),
      METADATA(),
      AUDIO(0),
      INTER(0),
      INTER(40),
      INTER(80),
      AUDIO(23),
      AUDIO(46),
    ];
    expect(frames.map((frame) => stall.saw(frame, true, 0))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('knows nothing from headers and data, however often they come', () => {
    const stall = flowWatch();
    for (let at = 0; at < 1000; at += 10) {
      for (const frame of [AUDIO_HEADER(), METADATA(), { ...METADATA(), isHeader: false }])
        stall.saw({ ...frame, timestampMs: at }, true, 0);
    }
    expect([stall.limitMs(false), stall.publisherLimitMs()]).toEqual([1500, 500]);
  });

  it.each([
    [10_000, 20_000],
    [10_001, 1500],
  ])('takes %d ms between two pictures: a limit of %d ms', (stepMs, limitMs) => {
    expect(watch(stepMs, 2).limitMs(false)).toBe(limitMs);
  });

  it('takes a gap for twice the usual distance, and believes it by and by', () => {
    const stall = watch(40);
    const limits: number[] = [];
    for (let at = 3000; at < 60_000; at += 3000) {
      stall.saw(INTER(at), true, 0);
      limits.push(Math.round(stall.limitMs(true)));
    }
    // 40 + (80 - 40) / 5 = 48 ms, of which three are no silence.
    expect(limits.slice(0, 3)).toEqual([144, 173, 207]);
    // Two intervals are no silence, whatever `relay.stallMs` is.
    expect(limits.at(-1)).toBe(Math.round(2 * 40 * 1.2 ** 19));
  });

  it('comes back to a shorter distance by a fifth of the difference', () => {
    const stall = watch(400, 2);
    expect(stall.limitMs(true)).toBe(1200);
    stall.saw(INTER(400 + 40), true, 0);
    expect(stall.limitMs(true)).toBe(3 * (400 - 360 / 5));
  });

  it('takes a publisher that has sent nothing for silent after 500 ms, one that has for silent as any', () => {
    const stall = flowWatch();
    expect(stall.publisherLimitMs()).toBe(500);
    stall.saw(INTER(0), true, 0);
    expect(stall.publisherLimitMs()).toBe(1500);
    stall.saw(INTER(300), true, 0);
    expect(stall.publisherLimitMs()).toBe(900);
  });
});
