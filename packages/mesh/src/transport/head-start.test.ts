import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anySucceeds, type Try } from './head-start.js';

const HEAD_START_MS = 250;

let startedAt: number[];
let begun: number;
beforeEach(() => {
  vi.useFakeTimers();
  startedAt = [];
  begun = Date.now();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A try that ends this way after so long. */
const tryOf = (isSuccess: boolean, afterMs: number) => (): Promise<boolean> => {
  startedAt.push(Date.now() - begun);
  return new Promise((resolve) => setTimeout(() => resolve(isSuccess), afterMs));
};

async function outcome(tries: readonly Try[]) {
  let tookMs = -1;
  const race = anySucceeds(tries, HEAD_START_MS).then((isSuccess) => {
    tookMs = Date.now() - begun;
    return isSuccess;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  return { isSuccess: await race, tookMs };
}

describe('anySucceeds', () => {
  it('does not wait for a try that never answers', async () => {
    const found = await outcome([tryOf(false, 2_000), tryOf(true, 5)]);
    expect(found).toEqual({ isSuccess: true, tookMs: HEAD_START_MS + 5 });
  });

  it('begins the next at once where one failed', async () => {
    const found = await outcome([tryOf(false, 1), tryOf(false, 1), tryOf(true, 5)]);
    expect(found).toEqual({ isSuccess: true, tookMs: 7 });
  });

  it('begins nothing more after a success', async () => {
    await outcome([tryOf(true, 100), tryOf(true, 1)]);
    expect(startedAt).toEqual([0]);
  });

  it('begins nothing more after a success where one that was still under way fails', async () => {
    await outcome([tryOf(false, 1_000), tryOf(true, 5), tryOf(true, 5)]);
    expect(startedAt).toEqual([0, HEAD_START_MS]);
  });

  it('takes the success of one that was overtaken', async () => {
    const found = await outcome([tryOf(true, 400), tryOf(false, 2_000)]);
    expect(found).toEqual({ isSuccess: true, tookMs: 400 });
  });

  it('waits for longer where a try got on, and no longer once another has begun', async () => {
    const hopeful: Try = (nextIn) => {
      startedAt.push(Date.now() - begun);
      setTimeout(() => nextIn(1_000), 100);
      setTimeout(() => nextIn(50), 2_000);
      return new Promise(() => {});
    };
    const found = await outcome([hopeful, tryOf(false, 5_000), tryOf(true, 1)]);
    expect(startedAt).toEqual([0, 1_100, 1_100 + HEAD_START_MS]);
    expect(found.isSuccess).toBe(true);
  });

  it('lets one that was overtaken say nothing of when the next begins', async () => {
    const overtaken: Try = (nextIn) => {
      startedAt.push(Date.now() - begun);
      setTimeout(() => nextIn(1), HEAD_START_MS + 10);
      return new Promise(() => {});
    };
    await outcome([overtaken, tryOf(false, 5_000), tryOf(true, 1)]);
    expect(startedAt).toEqual([0, HEAD_START_MS, 2 * HEAD_START_MS]);
  });

  it('waits for nothing once it is over, whatever a try says then', async () => {
    const late: Try = (nextIn) => {
      setTimeout(() => nextIn(600_000), 1_000);
      return new Promise((resolve) => setTimeout(() => resolve(true), 5));
    };
    await outcome([late, tryOf(true, 1)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails once all have, also those that throw, and at once where there is none', async () => {
    const throwing = () => Promise.reject(new Error('no'));
    expect(await outcome([throwing, tryOf(false, 300), throwing])).toEqual({ isSuccess: false, tookMs: 300 });
    expect((await outcome([])).isSuccess).toBe(false);
  });
});
