import { beforeEach, describe, expect, it } from 'vitest';
import { PENDING_DELTAS_MAX, PENDING_PER_STEP } from './limits.js';
import { claimsDelta, followedLog, withProfile } from './testing/followed-log.js';

const keys = (changed: Iterable<string>): string[] =>
  [...changed].map((key) => key.split('/')[2] ?? '').sort();

/** Taken in one step; others are left to the next one. */
const MANY = PENDING_PER_STEP;

describe('news that came before those they build upon', () => {
  let { follower, directory } = followedLog();
  const version = (): number => directory.position('owner').version;

  beforeEach(() => {
    ({ follower, directory } = followedLog());
  });

  it('wait, and are told of as taken together with what they waited for', () => {
    expect(keys(follower.news(claimsDelta(2, 3), 0).changed)).toEqual([]);
    follower.news(claimsDelta(1, 2), 0);
    expect([follower.pendingCount, version()]).toEqual([2, 0]);
    expect(keys(follower.news(withProfile(claimsDelta(0, 1)), 0).changed)).toEqual(['s2', 's3']);
    expect([follower.pendingCount, version()]).toEqual([0, 3]);
  });

  it('are no more than a few, of which the newest are kept', () => {
    const last = PENDING_DELTAS_MAX + 2;
    for (let from = 1; from < last; from += 1) follower.news(claimsDelta(from, from + 1), 0);
    expect(follower.pendingCount).toBe(PENDING_DELTAS_MAX);
    follower.news(claimsDelta(0, 1), 0);
    // The oldest of them is the one that is gone.
    expect([version(), follower.pendingCount]).toEqual([1, PENDING_DELTAS_MAX]);
    follower.news(claimsDelta(1, 2), 0);
    expect([version(), follower.pendingCount]).toEqual([last, 0]);
  });

  it('are dropped where other news brought the same', () => {
    follower.news(claimsDelta(1, 2), 0);
    follower.news(claimsDelta(0, 2), 0);
    expect(follower.pendingCount).toBe(0);
  });

  it.each([
    ['both have it', true, true, true],
    ['the first has it', true, false, true],
    ['the one that waited has it', false, true, true],
    ['neither has it', false, false, false],
  ])('bring a profile or not: %s', (_, isInFirst, isInWaiting, expected) => {
    const first = claimsDelta(0, 2);
    const waiting = claimsDelta(2, 4);
    expect(follower.news(isInWaiting ? withProfile(waiting) : waiting, 0).isProfileNew).toBe(false);
    expect(follower.news(isInFirst ? withProfile(first) : first, 0).isProfileNew).toBe(expected);
  });

  it('bring no new profile when they are repeated', () => {
    expect(follower.news(withProfile(claimsDelta(0, 2)), 0).isProfileNew).toBe(true);
    expect(follower.news(withProfile(claimsDelta(0, 2)), 0).isProfileNew).toBe(false);
  });

  it('are refused where they claim more than anybody may, whatever else waits', () => {
    const { follower: strict } = followedLog(100, 10);
    expect(strict.news(claimsDelta(2, 13), 0).isRefused).toBe(false);
    strict.news(claimsDelta(20, 21), 0);
    const taken = strict.news(withProfile(claimsDelta(0, 2)), 0);
    expect([taken.isRefused, keys(taken.changed)]).toEqual([true, ['s2']]);
    // The refused one does not come back.
    expect(strict.pendingCount).toBe(1);
    expect(strict.news(claimsDelta(2, 3), 0).isRefused).toBe(false);
  });

  describe('and are many', () => {
    it('are taken some at a time, by `takePending` alone', () => {
      for (const at of [2, 1, 0]) follower.news(claimsDelta(1 + at * MANY, 1 + (at + 1) * MANY), 0);
      expect(follower.isPendingDue).toBe(false);
      follower.news(withProfile(claimsDelta(0, 1)), 0);
      expect([version(), follower.pendingCount, follower.isPendingDue]).toEqual([1 + MANY, 2, true]);
      follower.news(claimsDelta(0, 1), 0);
      expect(version()).toBe(1 + MANY);
      expect(follower.takePending(0).changed.isEmpty).toBe(false);
      expect([version(), follower.isPendingDue]).toEqual([1 + 2 * MANY, true]);
      follower.takePending(0);
      expect([version(), follower.isPendingDue, follower.isBehind]).toEqual([1 + 3 * MANY, false, false]);
    });

    it('are not asked for meanwhile', () => {
      for (const at of [1, 0]) follower.news(claimsDelta(1 + at * MANY, 1 + (at + 1) * MANY), 0);
      follower.told({ generation: 7, version: 2 + 2 * MANY }, 0);
      follower.news(claimsDelta(0, 1), 0);
      expect(follower.nextPull(1, true, 5_000)).toBeNull();
      follower.takePending(5_000);
      expect(follower.nextPull(1, true, 5_000)).toMatchObject({ held: { version: 1 + 2 * MANY } });
    });

    it('are due also where they begin with something known', () => {
      follower.news(claimsDelta(1, 1 + MANY), 0);
      follower.news(claimsDelta(MANY, MANY + 2), 0);
      follower.news(claimsDelta(0, 1), 0);
      expect([version(), follower.isPendingDue]).toEqual([1 + MANY, true]);
      follower.takePending(0);
      expect([version(), follower.isPendingDue]).toEqual([2 + MANY, false]);
    });

    it.each([
      ['known already', claimsDelta(1, 1 + MANY), 0],
      ['not next yet', claimsDelta(5 + MANY, 6 + MANY), 1],
    ])('leave nothing due where what is left is %s', (_, left, pendingCount) => {
      follower.news(claimsDelta(1, 1 + MANY), 0);
      follower.news(left, 0);
      follower.news(claimsDelta(0, 1), 0);
      expect([version(), follower.isPendingDue]).toEqual([1 + MANY, false]);
      expect(follower.pendingCount).toBe(pendingCount);
    });

    it('are forgotten with the connection', () => {
      for (const at of [1, 0]) follower.news(claimsDelta(1 + at * MANY, 1 + (at + 1) * MANY), 0);
      follower.news(claimsDelta(0, 1), 0);
      expect(follower.isPendingDue).toBe(true);
      follower.abandon();
      expect([follower.pendingCount, follower.isPendingDue]).toEqual([0, false]);
      follower.news(claimsDelta(0, 2), 0);
      expect(version()).toBe(1 + MANY);
    });
  });

  it('close the gap by themselves, and the next gap is given time of its own', () => {
    follower.news(claimsDelta(1, 2), 1_000);
    follower.news(claimsDelta(0, 1), 1_010);
    follower.news(claimsDelta(3, 4), 2_000);
    expect(follower.nextPull(1, false, 2_000)).toBeNull();
    expect(follower.nextPull(1, true, 2_000)).toMatchObject({ held: { version: 2 } });
  });
});
