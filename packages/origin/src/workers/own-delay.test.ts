import type { IntervalHistogram } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { OwnDelay } from './own-delay.js';

/** A histogram that keeps what it was told, and answers as Node's does. */
function watched() {
  const calls: string[] = [];
  let isOn = false;
  const toggle = (on: boolean): boolean => {
    const isNew = isOn !== on;
    isOn = on;
    if (isNew) calls.push(on ? 'on' : 'off');
    return isNew;
  };
  const histogram = {
    enable: () => toggle(true),
    disable: () => toggle(false),
    reset: () => calls.push('reset'),
    percentile: () => 0,
    count: 0,
    max: 0,
  } as unknown as IntervalHistogram;
  return { delay: new OwnDelay(1, histogram), calls };
}

describe('the delay of a worker', () => {
  it('is not looked at while it serves nobody', () => {
    const { delay, calls } = watched();
    delay.serves(false);
    expect(delay.look()).toEqual({ p50: 0, p99: 0, max: 0 });
    expect(calls).not.toContain('on');
  });

  it('is looked at anew once it serves somebody, without the time before, and no more when nobody is left', () => {
    const { delay, calls } = watched();
    for (const anybody of [true, true, false, false, true]) delay.serves(anybody);
    expect(calls).toEqual(['on', 'reset', 'off', 'on', 'reset']);
  });
});
