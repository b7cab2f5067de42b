import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FlowClaim } from './flow-claim.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function claimed() {
  const told: string[] = [];
  const flow = new FlowClaim((isFlowing) => {
    told.push(`${isFlowing ? 'flows' : 'silent'}${flow.hasFlowed ? ' again' : ''}`);
  });
  return { flow, told, set: (isFlowing: boolean) => flow.set(isFlowing, performance.now()) };
}

describe('FlowClaim', () => {
  it('tells each change, and whether media flowed before', () => {
    const { flow, told, set } = claimed();
    expect(flow.isFlowing).toBe(false);
    set(true);
    expect([told, flow.isFlowing]).toEqual([['flows'], true]);
    vi.advanceTimersByTime(1000);
    set(false);
    expect([told, flow.isFlowing]).toEqual([['flows', 'silent again'], false]);
    vi.advanceTimersByTime(1000);
    set(true);
    expect([told.at(-1), flow.isFlowing]).toEqual(['flows again', true]);
  });

  it('tells nothing of a publisher that never sent, until it does', () => {
    const { flow, told, set } = claimed();
    set(false);
    vi.advanceTimersByTime(5000);
    set(false);
    expect([told, flow.hasFlowed]).toEqual([[], false]);
    set(true);
    expect([told, flow.hasFlowed]).toEqual([['flows'], true]);
  });

  it('tells a change within a second when the second is over, by how it is then', () => {
    const { flow, told, set } = claimed();
    set(true);
    vi.advanceTimersByTime(400);
    set(false);
    vi.advanceTimersByTime(599);
    expect([told, flow.isFlowing]).toEqual([['flows'], true]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['flows', 'silent again']);
    vi.advanceTimersByTime(999);
    set(true);
    expect(told).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(told).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not tell what is over within a second, and takes no time from the next change by it', () => {
    const { told, set } = claimed();
    set(true);
    for (let i = 0; i < 4; i += 1) {
      vi.advanceTimersByTime(100);
      set(i % 2 === 1);
    }
    vi.advanceTimersByTime(700);
    expect(told).toEqual(['flows']);
    set(false);
    expect(told).toEqual(['flows', 'silent again']);
  });

  it('tells nothing more once it is stopped', () => {
    const { flow, told, set } = claimed();
    flow.stop();
    set(true);
    set(false);
    expect(vi.getTimerCount()).toBe(1);
    flow.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5000);
    expect(told).toEqual(['flows']);
  });
});
