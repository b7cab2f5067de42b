import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { Delta } from './delta.js';
import { Directory } from './directory.js';
import { OwnLog } from './own-log.js';

/** A directory, what its observer is told, and the log of member `a`. */
function observed() {
  const directory = new Directory('me', profileOf('me'), { membersMax: 3, streamsPerMemberMax: 2 });
  const told: unknown[][] = [];
  const stop = directory.observe({
    deltaApplied: (delta) => told.push(['delta', delta]),
    memberReplaced: (member) => told.push(['replaced', member, [...directory.claimsOf(member)]]),
    livenessSet: (member, liveness) => told.push(['liveness', member, liveness]),
    reachSet: (member, through) => told.push(['reach', member, through]),
    claimsVoided: (member) => told.push(['voided', member]),
    memberForgotten: (member) => told.push(['forgotten', member]),
  });
  const log = new OwnLog('a', 2, 9);
  log.setProfile(profileOf('a'));
  log.claim(claimOf('s1'));
  return { directory, told, stop, log };
}

function deltaOf(log: OwnLog, from: number): Delta {
  const delta = deltaSince(log, from);
  if (delta === null) throw new Error('forgotten');
  return delta;
}

describe('who observes a directory', () => {
  it('is told of a delta that was applied, and of none that was old', () => {
    const { directory, told, stop, log } = observed();
    const delta = deltaOf(log, 0);
    directory.apply(delta);
    directory.apply(delta);
    expect(told).toEqual([['delta', delta]]);
    stop();
    log.claim(claimOf('s2'));
    directory.apply(deltaOf(log, delta.to));
    expect(told).toHaveLength(1);
  });

  it('is told of a delta that left a gap, or was too much, only that there is a new generation', () => {
    const { directory, told, log } = observed();
    const gap = deltaOf(log, 1);
    const alone = { member: 'a', generation: 2, from: 0, to: 0, entries: [] };
    directory.apply(gap);
    expect(told).toEqual([['delta', alone]]);
    directory.apply(gap);
    expect(told).toHaveLength(1);
    const next = new OwnLog('a', 3, 9);
    for (const stream of ['s1', 's2', 's3']) next.claim(claimOf(stream));
    directory.apply(deltaOf(next, 0));
    expect(told.slice(1)).toEqual([['delta', { ...alone, generation: 3 }]]);
    directory.apply(deltaOf(next, 0));
    expect(told).toHaveLength(2);
  });

  it('is told of a member whose log was replaced, and may read it then', () => {
    const { directory, told, log } = observed();
    directory.replace(log.snapshot());
    directory.replace(log.snapshot());
    expect(told).toEqual([['replaced', 'a', [claimOf('s1')]]]);
    expect([...directory.claimsOf('nobody')]).toEqual([]);
  });

  it('is told what is believed of a member, where that is another thing or the member is new', () => {
    const { directory, told } = observed();
    directory.setLiveness('a', 'alive');
    directory.setLiveness('a', 'alive');
    directory.setLiveness('a', 'suspect');
    // There is room for no further one.
    directory.setLiveness('b', 'dead');
    directory.setLiveness('c', 'dead');
    expect(told).toEqual([
      ['liveness', 'a', 'alive'],
      ['liveness', 'a', 'suspect'],
      ['liveness', 'b', 'dead'],
    ]);
  });

  it('is told the ways to a member, once', () => {
    const { directory, told } = observed();
    directory.setLiveness('a', 'unreachable');
    for (const through of [[], ['x'], ['x'], ['x', 'y']]) directory.setReach('a', through);
    directory.setReach('nobody', ['x']);
    expect(told.slice(1)).toEqual([
      ['reach', 'a', ['x']],
      ['reach', 'a', ['x', 'y']],
    ]);
  });

  it('is told of claims that are voided, and of members that are forgotten', () => {
    const { directory, told, log } = observed();
    directory.apply(deltaOf(log, 0));
    directory.voidClaims('a');
    directory.setLiveness('a', 'left');
    directory.voidClaims('a');
    directory.voidClaims('nobody');
    for (const member of ['a', 'a', 'me']) directory.forget(member);
    expect(told.slice(1)).toEqual([
      ['liveness', 'a', 'left'],
      ['voided', 'a'],
      ['forgotten', 'a'],
    ]);
  });
});
