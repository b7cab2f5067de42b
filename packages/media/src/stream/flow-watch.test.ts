import { describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER } from '../testing/frames.js';
import { FlowWatch } from './flow-watch.js';

function watch(stepMs: number, count = 20): FlowWatch {
  const stall = new FlowWatch(1500);
  for (let i = 0; i < count; i += 1) stall.saw(INTER(i * stepMs));
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
    expect(new FlowWatch(1500).limitMs(false)).toBe(1500);
    expect(watch(40, 1).limitMs(true)).toBe(1500);
  });

  it('takes the track that comes most often', () => {
    const stall = watch(1000);
    for (let i = 0; i < 10; i += 1) stall.saw(AUDIO(i * 23));
    expect(stall.limitMs(false)).toBe(500);
  });

  it('learns nothing from headers, jumps, and clocks that wrap or go back', () => {
    const stall = watch(40);
    stall.saw(AUDIO_HEADER());
    stall.saw(INTER(3000));
    expect(stall.limitMs(true)).toBeLessThan(150);
    stall.saw(INTER(900_000));
    stall.saw(INTER(2 ** 32 - 20));
    stall.saw(INTER(20));
    stall.saw(INTER(0));
    expect(stall.limitMs(false)).toBe(500);
  });
});
