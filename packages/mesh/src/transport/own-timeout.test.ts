import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OwnTimeout } from './own-timeout.js';

const stall = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe('OwnTimeout', () => {
  it('aborts with its reason once the time is over', async () => {
    const timeout = new OwnTimeout(30, 'no answer');
    const ref = setInterval(() => {}, 1_000);
    await new Promise((resolve) => timeout.signal.addEventListener('abort', resolve));
    clearInterval(ref);
    expect(timeout.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'no answer' });
  });

  it('does not count the time in which this process stood still', async () => {
    const timeout = new OwnTimeout(500, 'no answer');
    const plain = AbortSignal.timeout(500);
    await sleep(10);
    stall(700);
    await sleep(1);
    expect(plain.aborted).toBe(true);
    expect(timeout.signal.aborted).toBe(false);
    timeout.clear();
  });

  it('begins anew with restart', async () => {
    const timeout = new OwnTimeout(400, 'no answer');
    const times: boolean[] = [];
    for (let count = 0; count < 4; count += 1) {
      await sleep(200);
      timeout.restart();
      times.push(timeout.signal.aborted);
    }
    expect(times).toEqual([false, false, false, false]);
    timeout.clear();
  });

  it('ends with clear', async () => {
    const timeout = new OwnTimeout(10, 'no answer');
    timeout.clear();
    await sleep(30);
    expect(timeout.signal.aborted).toBe(false);
  });
});
