import type { Claim, LogPosition } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { PARTS_WINDOW, PULL_DEADLINE_MS, REFUSED_LOG_PAUSE_MS } from './limits.js';
import type { DeltaPart, SnapshotPart } from './messages.js';
import { claimsDelta, followedLog, GENERATION, withProfile } from './testing/followed-log.js';

const at = (version: number): LogPosition => ({ generation: GENERATION, version });

const deltaPart = (pull: number, index: number, last: boolean): DeltaPart => ({
  kind: 'delta-part',
  pull,
  index,
  last,
  delta: claimsDelta(index, index + 1),
});

const snapshotPart = (pull: number, index: number, last: boolean, streams = [`s${index}`]): SnapshotPart => ({
  kind: 'snapshot-part',
  pull,
  index,
  last,
  position: at(20),
  profile: profileOf('owner'),
  claims: streams.map((stream): Claim => claimOf(stream)),
});

describe('a pull', () => {
  let { follower, directory } = followedLog();
  const held = (): LogPosition => directory.position('owner');

  /** Another one, begun at that moment. */
  const pull = (id: number, now: number): void => {
    follower.told(at(20), now);
    expect(follower.nextPull(id, true, now)).not.toBeNull();
  };

  beforeEach(() => {
    ({ follower, directory } = followedLog());
  });

  it('is sent again where no part came for long, counted from the last part', () => {
    pull(1, 1_000);
    follower.part(deltaPart(1, 0, false), 3_000);
    expect(follower.nextPull(2, true, 2_999 + PULL_DEADLINE_MS)).toBeNull();
    expect(follower.nextPull(2, true, 3_000 + PULL_DEADLINE_MS)).toEqual({
      kind: 'pull',
      pull: 2,
      held: at(1),
    });
  });

  it('is not kept waiting by parts of an earlier one, though what they bring is taken', () => {
    pull(1, 0);
    pull(2, PULL_DEADLINE_MS);
    const { more } = follower.part(deltaPart(1, 0, true), PULL_DEADLINE_MS + 1_000);
    expect([more, held().version]).toEqual([false, 1]);
    expect(follower.nextPull(3, true, PULL_DEADLINE_MS + 1_000)).toBeNull();
    expect(follower.nextPull(3, true, 2 * PULL_DEADLINE_MS)).not.toBeNull();
  });

  it('is given more time where this process stood still', () => {
    pull(1, 1_000);
    follower.excuse(700);
    expect(follower.nextPull(2, true, 1_699 + PULL_DEADLINE_MS)).toBeNull();
    expect(follower.nextPull(2, true, 1_700 + PULL_DEADLINE_MS)).not.toBeNull();
  });

  it('need not be under way when this process stands still, or the connection ends', () => {
    follower.excuse(700);
    follower.abandon();
    pull(1, 0);
    expect(follower.nextPull(2, true, PULL_DEADLINE_MS)).not.toBeNull();
  });

  it('ends with the connection, so that the next one asks at once', () => {
    pull(1, 0);
    expect(follower.nextPull(2, true, 1)).toBeNull();
    follower.abandon();
    expect(follower.nextPull(2, true, 1)).not.toBeNull();
  });

  it('is answered in full where the member changes more meanwhile, and the rest is asked for at once', () => {
    follower.told(at(1), 0);
    follower.nextPull(1, true, 0);
    follower.told(at(2), 1);
    follower.part(deltaPart(1, 0, true), 2);
    expect([follower.isBehind, follower.isWhole]).toEqual([true, false]);
    expect(follower.nextPull(2, true, 2)).toMatchObject({ held: at(1) });
  });

  describe('whose window is over', () => {
    const index = PARTS_WINDOW - 1;

    it.each([
      ['of the pull, and more are to come', deltaPart(1, index, false), true],
      ['of the pull, and it is the last one', deltaPart(1, index, true), false],
      ['of the pull, and within the window', deltaPart(1, index - 1, false), false],
      ['of another pull', deltaPart(9, index, false), false],
    ])('lets the sender go on where the part is %s', (_, part, more) => {
      pull(1, 0);
      expect(follower.part(part, 1).more).toBe(more);
    });

    it('asks for no more where no pull is under way', () => {
      expect(follower.part(deltaPart(1, index, false), 1).more).toBe(false);
    });
  });

  describe('answered by a snapshot', () => {
    it('ends at its position, with its claims and profile', () => {
      follower.news(withProfile(claimsDelta(0, 2)), 0);
      pull(1, 0);
      expect(follower.part(snapshotPart(1, 0, false, ['s8']), 1)).toMatchObject({ isProfileNew: false });
      expect(directory.streamCount).toBe(1);
      const taken = follower.part(snapshotPart(1, 1, true, ['s9']), 1);
      expect([taken.isProfileNew, taken.isRefused, taken.changed.isEmpty]).toEqual([true, false, false]);
      expect(held()).toEqual(at(20));
      expect(directory.member('owner')?.profile?.name).toBe('owner');
      expect([...directory.streams()].sort()).toEqual([claimOf('s8').key, claimOf('s9').key]);
    });

    it('goes on with news that waited', () => {
      pull(1, 0);
      follower.news(claimsDelta(20, 21), 0);
      expect([...follower.part(snapshotPart(1, 0, true, ['s8']), 1).changed].sort()).toEqual([
        claimOf('s21').key,
        claimOf('s8').key,
      ]);
      expect([held(), follower.isBehind]).toEqual([at(21), false]);
    });

    it.each([
      ['its first part is missing', [snapshotPart(1, 1, true)]],
      ['a part is missing', [snapshotPart(1, 0, false), snapshotPart(1, 2, true)]],
      ['a part came twice', [snapshotPart(1, 0, false), snapshotPart(1, 1, false), snapshotPart(1, 1, true)]],
      ['its parts are of an earlier pull', [snapshotPart(9, 0, true)]],
    ])('takes nothing where %s', (_, parts) => {
      pull(1, 0);
      for (const part of parts) {
        const { isProfileNew, changed } = follower.part(part, 1);
        expect([isProfileNew, changed.isEmpty]).toEqual([false, true]);
      }
      expect([held().version, directory.streamCount]).toEqual([0, 0]);
    });

    it('takes nothing that nobody asked for', () => {
      follower.part(snapshotPart(1, 0, true), 1);
      expect(directory.streamCount).toBe(0);
    });

    it('leaves nothing behind when the connection ends half-way', () => {
      pull(1, 0);
      follower.part(snapshotPart(1, 0, false), 1);
      follower.abandon();
      directory.sweep(10);
      expect(directory.keysFrom('', 9)).toEqual([]);
      pull(2, 2);
      follower.part(snapshotPart(2, 1, true), 2);
      expect(directory.streamCount).toBe(0);
    });

    it.each([
      ['with its first part', [snapshotPart(1, 0, false, ['a', 'b', 'c'])]],
      ['with its last part', [snapshotPart(1, 0, false, ['a', 'b']), snapshotPart(1, 1, true, ['c'])]],
    ])('is given up for a while where it claims more than anybody may, %s', (_, parts) => {
      ({ follower, directory } = followedLog(100, 2));
      pull(1, 0);
      const taken = parts.map((part) => follower.part(part, 1_000));
      expect(taken.map(({ isRefused }) => isRefused)).toEqual([...parts.slice(1).map(() => false), true]);
      expect(taken.at(-1)?.isProfileNew).toBe(false);
      expect(directory.streamCount).toBe(0);
      expect(follower.nextPull(2, true, 999 + REFUSED_LOG_PAUSE_MS)).toBeNull();
      expect(follower.nextPull(2, true, 1_000 + REFUSED_LOG_PAUSE_MS)).not.toBeNull();
    });
  });
});
