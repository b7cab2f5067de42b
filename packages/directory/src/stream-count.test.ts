import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { Directory } from './directory.js';
import { OwnLog } from './own-log.js';

/** Some members, each with a log that is told as it grows. */
function world() {
  const directory = new Directory('me', profileOf('me'), { membersMax: 9, streamsPerMemberMax: 99 });
  const logs = new Map<string, OwnLog>();
  const logOf = (member: string): OwnLog => {
    const known = logs.get(member);
    if (known) return known;
    const log = new OwnLog(member, 1, 99);
    log.setProfile(profileOf(member));
    logs.set(member, log);
    return log;
  };
  const tell = (member: string): void => {
    const delta = deltaSince(logOf(member), directory.position(member).version);
    if (delta) directory.apply(delta);
  };
  const claim = (stream: string, ...members: string[]): void => {
    for (const member of members) {
      logOf(member).claim(claimOf(stream, logOf(member).version));
      tell(member);
    }
  };
  const release = (stream: string, ...members: string[]): void => {
    for (const member of members) {
      logOf(member).release(claimOf(stream).key);
      tell(member);
    }
  };
  const owners = (stream: string) =>
    directory
      .owners(claimOf(stream).key)
      .map(({ member }) => member)
      .join('');
  /** Worked out, and counted. */
  const counts = () => [directory.streamCount, [...directory.streams()].length];
  return { directory, claim, release, owners, counts };
}

describe('the number of streams', () => {
  it('counts a stream of several owners once, for as long as one of them stands', () => {
    const { directory, claim, release, owners, counts } = world();
    claim('s1', 'a', 'b', 'c');
    claim('s2', 'a');
    expect([owners('s1'), counts()]).toEqual(['abc', [2, 2]]);
    directory.setLiveness('a', 'dead');
    expect([owners('s1'), counts()]).toEqual(['bc', [1, 1]]);
    directory.setLiveness('b', 'dead');
    expect(counts()).toEqual([1, 1]);
    directory.setLiveness('c', 'left');
    expect([owners('s1'), counts()]).toEqual(['', [0, 0]]);
    directory.setLiveness('b', 'suspect');
    expect([owners('s1'), counts()]).toEqual(['b', [1, 1]]);
    for (const member of ['a', 'c']) directory.setLiveness(member, 'alive');
    release('s1', 'b');
    expect([owners('s1'), counts()]).toEqual(['ac', [2, 2]]);
    release('s1', 'a');
    expect([owners('s1'), counts()]).toEqual(['c', [2, 2]]);
    directory.setLiveness('c', 'dead');
    expect([owners('s1'), counts()]).toEqual(['', [1, 1]]);
    directory.setLiveness('c', 'alive');
    release('s1', 'c');
    expect([owners('s1'), counts()]).toEqual(['', [1, 1]]);
    release('s2', 'a');
    expect(counts()).toEqual([0, 0]);
  });

  it('is right for many streams of the same owners, of others, and of each alone', () => {
    const { directory, claim, release, counts } = world();
    for (let index = 0; index < 5; index += 1)
      claim(`both${index}`, ...(index % 2 === 0 ? ['a', 'b'] : ['b', 'a']));
    for (let index = 0; index < 3; index += 1) claim(`bc${index}`, 'b', 'c');
    for (let index = 0; index < 2; index += 1) claim(`c${index}`, 'c');
    expect(counts()).toEqual([10, 10]);
    directory.setLiveness('c', 'dead');
    expect(counts()).toEqual([8, 8]);
    directory.setLiveness('b', 'dead');
    expect(counts()).toEqual([5, 5]);
    directory.setLiveness('a', 'dead');
    expect(counts()).toEqual([0, 0]);
    directory.setLiveness('c', 'alive');
    expect(counts()).toEqual([5, 5]);
    for (let index = 0; index < 5; index += 1) release(`both${index}`, 'b');
    directory.setLiveness('b', 'alive');
    expect(counts()).toEqual([5, 5]);
    directory.setLiveness('a', 'alive');
    expect(counts()).toEqual([10, 10]);
  });

  it('counts the streams that two members still share where they share one less', () => {
    const { claim, release, counts } = world();
    for (const stream of ['s1', 's2', 's3']) claim(stream, 'a', 'b');
    release('s1', 'a');
    expect(counts()).toEqual([3, 3]);
    release('s1', 'b');
    expect(counts()).toEqual([2, 2]);
    for (const member of ['a', 'b']) for (const stream of ['s2', 's3']) release(stream, member);
    expect(counts()).toEqual([0, 0]);
    claim('s4', 'b', 'a');
    expect(counts()).toEqual([1, 1]);
  });

  it('does not change where a claim is made anew', () => {
    const { claim, owners, counts } = world();
    claim('s1', 'a');
    claim('s1', 'a');
    expect(counts()).toEqual([1, 1]);
    claim('s1', 'b');
    claim('s1', 'a', 'b', 'a');
    // The one claimed longest ago comes first.
    expect([owners('s1'), counts()]).toEqual(['ba', [1, 1]]);
  });

  it('is right while claims of an earlier start are still to be swept, and after', () => {
    const { directory, claim, counts, owners } = world();
    claim('s1', 'a', 'b');
    claim('s2', 'a');
    claim('s3', 'a');
    directory.apply({ member: 'a', generation: 2, from: 0, to: 0, entries: [] });
    expect([owners('s1'), owners('s2'), counts()]).toEqual(['b', '', [1, 1]]);
    const log = new OwnLog('a', 2, 9);
    log.setProfile(profileOf('a'));
    log.claim(claimOf('s1'));
    log.claim(claimOf('s2'));
    directory.replace(log.snapshot());
    expect([owners('s1'), owners('s2'), counts()]).toEqual(['ab', 'a', [2, 2]]);
    expect(directory.isSweepDue).toBe(false);
    directory.setLiveness('a', 'dead');
    expect(counts()).toEqual([1, 1]);
    directory.setLiveness('a', 'alive');
    expect(counts()).toEqual([2, 2]);
  });
});
