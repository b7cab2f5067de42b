import { describe, expect, it } from 'vitest';
import { choosePuller } from './choose-puller.js';

const worker = (number: number) => ({ worker: number, path: `/w/${number}` });
const WORKERS = [1, 2, 3, 4].map(worker);
const KEYS = Array.from({ length: 1000 }, (_, index) => `__defaultVhost__/live/s${index}`);

describe('the worker that pulls for all', () => {
  it('is nobody where there are not several', () => {
    expect(choosePuller('k', [])).toBeNull();
    expect(choosePuller('k', [worker(1)])).toBeNull();
  });

  it('is the same in whatever order workers are known, and each has its share', () => {
    const shares = new Map<number, number>();
    for (const key of KEYS) {
      const chosen = choosePuller(key, WORKERS)?.worker ?? 0;
      expect(choosePuller(key, WORKERS.toReversed())?.worker).toBe(chosen);
      shares.set(chosen, (shares.get(chosen) ?? 0) + 1);
    }
    for (const { worker: number } of WORKERS) expect(shares.get(number)).toBeGreaterThan(200);
  });

  it('changes for those streams alone of which the worker ended', () => {
    const left = WORKERS.slice(1);
    for (const key of KEYS) {
      const before = choosePuller(key, WORKERS)?.worker;
      const after = choosePuller(key, left)?.worker;
      if (before !== 1) expect(after).toBe(before);
      else expect(after).not.toBe(1);
    }
  });
});
