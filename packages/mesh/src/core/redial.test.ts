import { describe, expect, it } from 'vitest';
import { DIAL_DEADLINE_MS, TICK_MS } from './limits.js';
import { Redial, retryDelayMs } from './redial.js';

describe('retryDelayMs', () => {
  it.each([
    [1, 5_000, 0, 200],
    [2, 5_000, 0, 400],
    [5, 5_000, 0, 3_200],
    [6, 5_000, 0, 5_000],
    [1_000_000, 5_000, 0, 5_000],
    [1, 5_000, 1, 100],
    [6, 1_500, 0.5, 1_125],
  ])('after %i failures, at most %i ms, random %f: %i ms', (failures, max, random, delay) => {
    expect(retryDelayMs(failures, max, random)).toBe(delay);
  });
});

describe('Redial', () => {
  it('waits longer after each failure, and starts anew after a success', () => {
    const redial = new Redial(0);
    expect(redial.isDue(0)).toBe(true);
    redial.started(0);
    expect(redial.isDue(1)).toBe(false);
    redial.failed(10, 1_000, 0);
    expect([redial.isDue(209), redial.isDue(210)]).toEqual([false, true]);
    redial.failed(210, 1_000, 0);
    expect([redial.isDue(609), redial.isDue(610)]).toEqual([false, true]);
    redial.succeeded(700);
    expect([redial.isTried, redial.isDue(699), redial.isDue(700)]).toEqual([false, false, true]);
  });

  it('tries again where a dial was never answered', () => {
    const redial = new Redial(0);
    redial.started(0);
    expect(redial.isDue(DIAL_DEADLINE_MS)).toBe(true);
  });

  it('can be hastened, but not while a dial is under way', () => {
    const redial = new Redial(5_000);
    redial.hasten(10);
    expect(redial.isDue(10)).toBe(true);
    redial.started(10);
    redial.hasten(20);
    expect(redial.isDue(20)).toBe(false);
    // A new address, say: what was learnt meanwhile is tried as soon as the old try has failed.
    redial.failed(30, 1_000, 0);
    expect(redial.isDue(30)).toBe(true);
    redial.started(30);
    redial.failed(40, 1_000, 0);
    expect(redial.isDue(50)).toBe(false);
  });

  it.each([
    ['one that stood is tried again at once', 5_000, [true, true]],
    ['one that did not counts as a failure', 100, [false, true]],
    ['one that was of no use does, too', null, [false, true]],
  ])('after a lost connection: %s', (_, stoodMs, due) => {
    const redial = new Redial(0);
    redial.started(0);
    redial.connected();
    if (stoodMs !== null) redial.greeted(0);
    const lostAt = stoodMs ?? 5_000;
    redial.lost(lostAt, 1_500, 0);
    expect([redial.isDue(lostAt), redial.isDue(lostAt + 200)]).toEqual(due);
    // The next connection has to prove itself anew.
    redial.connected();
    redial.lost(lostAt + 9_000, 1_500, 0);
    expect(redial.isDue(lostAt + 9_000)).toBe(false);
  });

  it('says nothing of whom it tried while this process stood still, nor right after', () => {
    const redial = new Redial(0);
    expect(redial.isExcused(0)).toBe(false);
    redial.started(0);
    expect(redial.isExcused(10)).toBe(false);
    redial.excuse(5_000);
    expect(redial.isExcused(5_000 + TICK_MS)).toBe(true);
    redial.started(5_010);
    expect([redial.isExcused(5_000 + TICK_MS - 1), redial.isExcused(5_000 + TICK_MS)]).toEqual([true, false]);
  });

  it('tells when it is planned, and when the last try began', () => {
    const redial = new Redial(5_000);
    expect([redial.nextAt, redial.isTried]).toEqual([5_000, false]);
    redial.started(5_100);
    redial.failed(5_200, 1_000, 0);
    expect([redial.startedAt, redial.nextAt, redial.isTried]).toEqual([5_100, 5_400, true]);
    redial.rest(9_000);
    expect([redial.nextAt, redial.isDue(8_999), redial.isDue(9_000)]).toEqual([9_000, false, true]);
  });

  it('is not under way any more where a connection stands', () => {
    const redial = new Redial(0);
    redial.started(0);
    redial.connected();
    expect(redial.isDue(10)).toBe(true);
  });

  it.each([
    [999, false],
    [1_000, true],
  ])(
    'is tried again at once after a connection of %i ms, counted from when it was of use: %s',
    (ms, isDue) => {
      const redial = new Redial(0);
      redial.connected();
      redial.greeted(5_000);
      redial.greeted(5_500);
      redial.lost(5_000 + ms, 1_500, 0);
      expect(redial.isDue(5_000 + ms)).toBe(isDue);
    },
  );
});
