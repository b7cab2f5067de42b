import type { Delta } from '@headwater/directory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Answer } from './answer.js';
import type { Follower } from './follower.js';
import {
  GAP_PATIENCE_MS,
  PARTS_WINDOW,
  PENDING_DELTAS_MAX,
  PULL_DEADLINE_MS,
  REFUSED_LOG_PAUSE_MS,
  SHORT_ANSWER_PAUSE_MS,
} from './limits.js';
import type { DeltaPart, SnapshotPart } from './messages.js';
import { claimsDelta, followedLog, GENERATION, windowOf, withProfile } from './testing/followed-log.js';

/** Asks and answers until nothing is missing. */
function refollowedLog(
  { log, follower, position }: ReturnType<typeof followedLog>,
  now: number,
): (DeltaPart | SnapshotPart)[] {
  const all: (DeltaPart | SnapshotPart)[] = [];
  follower.told(position(), now);
  for (let id = 1; id < 50; id += 1) {
    const pull = follower.nextPull(id, true, now);
    if (pull === null) break;
    const answer = new Answer(log, pull);
    for (let parts = windowOf(answer); parts.length > 0; parts = windowOf(answer)) {
      for (const part of parts) follower.part(part, now);
      all.push(...parts);
    }
  }
  return all;
}

describe('Follower', () => {
  it('ends at the same claims whatever the order, repetition and loss of news', () => {
    const change = fc.record({
      key: fc.integer({ min: 0, max: 8 }).map((n) => `v/a/s${n}`),
      isClaim: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (changes, dice) => {
          const both = followedLog(4);
          const random = (): number => dice.next().value as number;
          const deltas: Delta[] = [];
          for (const { key, isClaim } of changes) {
            both.change(key, isClaim);
            if (random() < 0.7) deltas.push(...both.outbox.flush(0));
          }
          deltas.push(...both.outbox.flush(0));
          const arrived = deltas
            .flatMap((delta) => (random() < 0.2 ? [] : random() < 0.2 ? [delta, delta] : [delta]))
            .map((delta) => ({ delta, at: random() }))
            .sort((a, b) => a.at - b.at);
          for (const { delta } of arrived) both.follower.news(delta, 0);
          refollowedLog(both, 1);
          expect([...both.directory.streams()].sort()).toEqual(both.claimed().sort());
          expect(both.follower.isBehind).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('puts news in order without asking', () => {
    const both = followedLog();
    const deltas = ['v/a/1', 'v/a/2', 'v/a/3'].flatMap((key) => {
      both.change(key, true);
      return both.outbox.flush(0);
    });
    for (const delta of deltas.reverse()) both.follower.news(delta, 0);
    expect([...both.directory.streams()].sort()).toEqual(['v/a/1', 'v/a/2', 'v/a/3']);
    expect(both.follower.nextPull(1, true, 0)).toBeNull();
  });

  it('gives late news some time before it asks, once', () => {
    const both = followedLog();
    both.outbox.flush(0);
    both.change('v/a/1', true);
    const [late] = both.outbox.flush(0);
    both.follower.news(late as Delta, 1_000);
    const askedAt = 1_000 + GAP_PATIENCE_MS;
    expect(both.follower.nextPull(1, false, askedAt - 1)).toBeNull();
    expect(both.follower.nextPull(1, false, askedAt)).toEqual({
      kind: 'pull',
      pull: 1,
      held: { generation: GENERATION, version: 0 },
    });
    expect(both.follower.nextPull(2, true, askedAt)).toBeNull();
    expect(both.follower.nextPull(2, true, askedAt + PULL_DEADLINE_MS)).not.toBeNull();
  });

  it('keeps no more than a few deltas that wait for others', () => {
    const both = followedLog();
    both.outbox.flush(0);
    for (let index = 0; index < 10 * PENDING_DELTAS_MAX; index += 1) {
      both.change(`v/a/${index}`, true);
      for (const delta of both.outbox.flush(0)) both.follower.news(delta, 0);
    }
    refollowedLog(both, 1);
    expect(both.directory.streamCount).toBe(10 * PENDING_DELTAS_MAX);
  });

  it('takes a snapshot only when all of it came', () => {
    const both = followedLog(2);
    refollowedLog(both, 0);
    for (let index = 0; index < 3_000; index += 1) both.change(`v/a/${index}`, true);
    for (let index = 0; index < 100; index += 1) both.change(`v/a/${index}`, false);
    both.follower.told(both.position(), 0);
    const pull = both.follower.nextPull(1, true, 0);
    const answer = new Answer(both.log, pull!);
    const [first, ...rest] = windowOf(answer) as SnapshotPart[];
    expect(first?.kind).toBe('snapshot-part');
    both.follower.part(first!, 0);
    for (const part of rest.slice(1)) both.follower.part(part, 0);
    expect(both.directory.streamCount).toBe(0);
    expect(both.follower.isBehind).toBe(true);
    refollowedLog(both, 1);
    expect(both.directory.streamCount).toBe(2_900);
  });

  it('does not ask in circles where a member tells of more than it has', () => {
    const both = followedLog();
    refollowedLog(both, 0);
    both.follower.told({ generation: 7, version: 1_000 }, 1);
    const pull = both.follower.nextPull(1, true, 1);
    for (const part of windowOf(new Answer(both.log, pull!))) both.follower.part(part, 2);
    expect([both.follower.isBehind, both.follower.isWhole]).toEqual([true, true]);
    expect(both.follower.nextPull(2, true, SHORT_ANSWER_PAUSE_MS)).toBeNull();
    expect(both.follower.nextPull(2, true, 2 + SHORT_ANSWER_PAUSE_MS)).not.toBeNull();
  });

  it('asks for more after each window, so that the sender queues no more than one', () => {
    const both = followedLog();
    for (let index = 0; index < 20_000; index += 1)
      both.change(`v/app/some-longer-stream-name-${index}`, true);
    both.follower.told(both.position(), 0);
    const answer = new Answer(both.log, both.follower.nextPull(1, true, 0)!);
    const window = windowOf(answer);
    expect(window).toHaveLength(PARTS_WINDOW);
    expect(window.map((part) => both.follower.part(part, 0).more)).toEqual([
      ...Array(PARTS_WINDOW - 1).fill(false),
      true,
    ]);
  });

  it('voids an earlier start of the member at the first word of a later one', () => {
    const both = followedLog();
    both.change('v/a/1', true);
    refollowedLog(both, 0);
    expect([...both.follower.told({ generation: 8, version: 3 }, 1).changed]).toEqual(['v/a/1']);
    expect(both.directory.streamCount).toBe(0);
  });

  it('is answered with the whole log where it holds an earlier start', () => {
    const both = followedLog();
    for (let index = 0; index < 5; index += 1) both.change(`v/a/${index}`, true);
    const pull = { kind: 'pull', pull: 1, held: { generation: 6, version: 4 } } as const;
    const parts = windowOf(new Answer(both.log, pull)) as DeltaPart[];
    expect(parts.map(({ delta, last }) => [delta.from, delta.to, delta.entries.length, last])).toEqual([
      [0, 6, 6, true],
    ]);
    const nothingNew = windowOf(new Answer(both.log, { ...pull, held: both.position() })) as DeltaPart[];
    expect(nothingNew.map(({ delta, last }) => [delta.entries.length, last])).toEqual([[0, true]]);
  });

  it('asks no more of a member over the limit for a while', () => {
    const both = followedLog(100, 10);
    for (let index = 0; index < 11; index += 1) both.change(`v/a/${index}`, true);
    const taken = both.outbox.flush(0).map((delta) => both.follower.news(delta, 1));
    expect(taken.some(({ isRefused }) => isRefused)).toBe(true);
    expect(both.follower.nextPull(1, true, REFUSED_LOG_PAUSE_MS)).toBeNull();
    expect(both.follower.nextPull(1, true, 1 + REFUSED_LOG_PAUSE_MS)).not.toBeNull();
  });

  it('lacks what the member said that its log is, until that came', () => {
    const { follower } = followedLog();
    follower.told({ generation: GENERATION, version: 2 }, 0);
    expect([follower.isBehind, follower.isWhole]).toEqual([true, false]);
    follower.news(claimsDelta(0, 2), 0);
    expect([follower.isBehind, follower.isWhole]).toEqual([false, true]);
  });

  it.each([
    ['a heartbeat', (follower: Follower) => follower.told({ generation: GENERATION, version: 2 }, 0)],
    ['news', (follower: Follower) => follower.news(claimsDelta(0, 2), 0)],
    [
      'a heartbeat of an earlier start',
      (follower: Follower) => follower.told({ generation: 6, version: 9 }, 0),
    ],
  ])('still lacks what it was told of when %s comes late', (_, late) => {
    const { follower } = followedLog();
    follower.told({ generation: GENERATION, version: 3 }, 0);
    late(follower);
    follower.news(claimsDelta(0, 2), 0);
    expect(follower.isBehind).toBe(true);
    follower.news(claimsDelta(2, 3), 0);
    expect(follower.isBehind).toBe(false);
  });

  it('hands on to copies of the directory that a later start voided what was held', () => {
    const { follower, directory } = followedLog();
    follower.news(withProfile(claimsDelta(0, 3)), 0);
    const heard: Delta[] = [];
    const nothing = (): void => undefined;
    directory.observe({
      deltaApplied: (delta) => void heard.push(delta),
      memberReplaced: nothing,
      livenessSet: nothing,
      reachSet: nothing,
      claimsVoided: nothing,
      memberForgotten: nothing,
    });
    const taken = follower.told({ generation: 8, version: 3 }, 1);
    expect(heard).toEqual([{ member: 'owner', generation: 8, from: 0, to: 0, entries: [] }]);
    expect(directory.position('owner')).toEqual({ generation: 8, version: 0 });
    expect([taken.isProfileNew, taken.isRefused]).toEqual([false, false]);
  });
});
