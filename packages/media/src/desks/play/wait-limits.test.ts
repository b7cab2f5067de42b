import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WaitLimits } from './wait-limits.js';

const WAIT_MS = 1000;

function limits() {
  const over: string[] = [];
  const all = new WaitLimits<string>(WAIT_MS, (play) => over.push(play));
  return { all, over };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the time that plays may wait', () => {
  it('runs for each from when it came, where there is no source', () => {
    const { all, over } = limits();
    all.set(false);
    all.add('a');
    vi.advanceTimersByTime(400);
    all.add('b');
    all.add('a');
    vi.advanceTimersByTime(599);
    expect(over).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(over).toEqual(['a']);
    vi.advanceTimersByTime(398);
    expect(over).toEqual(['a']);
    vi.advanceTimersByTime(2);
    expect(over).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('runs from when the source went, for those that were there', () => {
    const { all, over } = limits();
    all.set(true);
    all.add('a');
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
    all.set(false);
    vi.advanceTimersByTime(600);
    // It did not come back in the meantime: the time goes on.
    all.set(false);
    all.add('b');
    vi.advanceTimersByTime(401);
    expect(over).toEqual(['a']);
    vi.advanceTimersByTime(600);
    expect(over).toEqual(['a', 'b']);
  });

  it('ends where a source comes, and begins anew when that goes', () => {
    const { all, over } = limits();
    all.set(false);
    all.add('a');
    vi.advanceTimersByTime(900);
    all.set(true);
    vi.advanceTimersByTime(5000);
    expect(over).toEqual([]);
    all.set(false);
    vi.advanceTimersByTime(999);
    expect(over).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(over).toEqual(['a']);
  });

  it('is nobody’s any more who left, and leaves no timer behind', () => {
    const { all, over } = limits();
    all.set(false);
    all.add('a');
    all.add('b');
    vi.advanceTimersByTime(500);
    all.delete('a');
    expect(vi.getTimerCount()).toBe(1);
    all.delete('b');
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5000);
    expect(over).toEqual([]);
    all.add('c');
    vi.advanceTimersByTime(1001);
    expect(over).toEqual(['c']);
  });

  it('that is over for thousands at once ends them in slices', () => {
    const over: number[] = [];
    const all = new WaitLimits<number>(WAIT_MS, (play) => over.push(play));
    const now = vi.spyOn(performance, 'now');
    let ms = 0;
    now.mockImplementation(() => ms);
    all.set(false);
    for (let index = 0; index < 100; index += 1) all.add(index);
    ms = WAIT_MS;
    // Each look at the clock takes half of a slice.
    now.mockImplementation(() => {
      ms += 0.5;
      return ms;
    });
    vi.advanceTimersToNextTimer();
    const first = over.length;
    expect(first).toBeGreaterThanOrEqual(16);
    expect(first).toBeLessThan(100);
    for (let turns = 0; over.length < 100 && turns < 100; turns += 1) vi.advanceTimersToNextTimer();
    expect(over).toEqual(Array.from({ length: 100 }, (_, index) => index));
    now.mockRestore();
  });
});
