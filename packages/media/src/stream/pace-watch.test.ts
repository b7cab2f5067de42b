import { describe, expect, it } from 'vitest';
import { INTER } from '../testing/frames.js';
import { PaceWatch } from './pace-watch.js';

/** A source, as its frames come. */
class Source {
  readonly pace = new PaceWatch();
  nowMs = 90_000;
  #timestampMs: number;

  constructor(timestampMs = 0) {
    this.#timestampMs = timestampMs;
  }

  /** For so long, with so much media in each ms, in bursts of this length. Says after how long it is slow; null: never. */
  flows(ms: number, rate = 1, burstMs = 40): number | null {
    let slowMs: number | null = null;
    for (let passed = burstMs; passed <= ms; passed += burstMs) {
      this.nowMs += burstMs;
      for (let sent = 40; sent <= burstMs; sent += 40) {
        this.#timestampMs = (this.#timestampMs + 40 * rate) >>> 0;
        this.pace.saw(INTER(this.#timestampMs), this.nowMs);
      }
      if (this.pace.isSlow) slowMs ??= passed;
    }
    return slowMs;
  }
}

describe('PaceWatch', () => {
  it('finds a source slow that has lost two seconds, and goes on to', () => {
    expect(new Source().flows(30_000, 0.5)).toBeLessThan(6500);
    expect(new Source().flows(30_000, 0.75)).toBeLessThan(10_500);
    const source = new Source();
    source.flows(20_000);
    expect(source.flows(30_000, 0.5)).toBeLessThan(6500);
    expect([source.pace.isSlow, source.pace.keepsUp]).toEqual([true, false]);
  });

  it('finds none slow that loses next to nothing, comes too early, or in bursts', () => {
    for (const rate of [0.9, 1, 1.001, 2]) expect(new Source().flows(60_000, rate)).toBeNull();
    for (const burstMs of [1000, 2000, 3000]) expect(new Source().flows(60_000, 1, burstMs)).toBeNull();
  });

  it('takes a pause for what it is, however long', () => {
    for (const pauseMs of [1500, 3000, 20_000]) {
      const source = new Source();
      source.flows(8000);
      source.nowMs += pauseMs;
      expect(source.flows(30_000)).toBeNull();
      expect(source.pace.keepsUp).toBe(true);
    }
  });

  it('is content soon after a source keeps up again', () => {
    const source = new Source();
    source.flows(20_000, 0.5);
    source.flows(4200);
    expect([source.pace.isSlow, source.pace.keepsUp]).toEqual([false, true]);
  });

  it('says of nobody that he keeps up who was watched for less than four seconds', () => {
    const source = new Source();
    source.flows(3900);
    expect(source.pace.keepsUp).toBe(false);
    source.flows(400);
    expect(source.pace.keepsUp).toBe(true);
  });

  it('goes on over the wrap of the clock', () => {
    const source = new Source(2 ** 32 - 4000);
    expect(source.flows(20_000)).toBeNull();
    expect(source.pace.keepsUp).toBe(true);
  });
});
