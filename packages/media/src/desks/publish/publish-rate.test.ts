import { describe, expect, it } from 'vitest';
import { ADDRESSES_MAX, PublishRate } from './publish-rate.js';

/** How many of these are allowed, one each `everyMs`. */
function allowed(rate: PublishRate, address: string, count: number, everyMs: number, fromMs = 0): number {
  let sum = 0;
  for (let i = 0; i < count; i += 1) if (rate.take(address, fromMs + i * everyMs)) sum += 1;
  return sum;
}

describe('PublishRate', () => {
  it('allows so many at once, and then as many as time brings back', () => {
    const rate = new PublishRate(60);
    expect(allowed(rate, 'a', 100, 0)).toBe(60);
    expect(rate.take('a', 999)).toBe(false);
    expect(rate.take('a', 1000)).toBe(true);
    expect(rate.take('a', 1001)).toBe(false);
    expect(allowed(rate, 'a', 100, 0, 61_001)).toBe(60);
  });

  it('never refuses who stays below it', () => {
    expect(allowed(new PublishRate(60), 'a', 600, 1000)).toBe(600);
  });

  it('holds who goes over it to just that', () => {
    expect(allowed(new PublishRate(60), 'a', 1200, 500)).toBe(60 + 599);
  });

  it('counts each address by itself', () => {
    const rate = new PublishRate(1);
    expect([rate.take('a', 0), rate.take('b', 0), rate.take('a', 1)]).toEqual([true, true, false]);
  });

  it('forgets who has all of it again, and is bounded', () => {
    const rate = new PublishRate(1);
    rate.take('a', 0);
    rate.take('b', 30_000);
    rate.take('c', 60_000);
    expect(rate.size).toBe(2);
    for (let i = 0; i < ADDRESSES_MAX + 5; i += 1) rate.take(`client ${i}`, 60_001);
    expect(rate.size).toBe(ADDRESSES_MAX);
  });
});
