import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delta } from './delta.js';
import { Directory } from './directory.js';
import { OwnLog } from './own-log.js';

const limits = { membersMax: 10, streamsPerMemberMax: 100 };
const fresh = (self = 'me') => new Directory(self, profileOf(self), limits);
const key = claimOf('s1').key;

/** A log of `member` that already told its profile, and the directory that heard it. */
function hearing(directory: Directory, member: string, generation = 1): OwnLog {
  const log = new OwnLog(member, generation, 100);
  log.setProfile(profileOf(member));
  directory.apply(deltaOf(log, 0));
  return log;
}

function deltaOf(log: OwnLog, from: number): Delta {
  const delta = log.deltaSince(from);
  if (delta === null) throw new Error('forgotten');
  return delta;
}

const ownersOf = (directory: Directory, stream = key) =>
  directory.owners(stream).map((owner) => owner.member);

describe('the directory', () => {
  it('applies a delta once, calls it old after that, and names what changed', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    expect(directory.apply(deltaOf(log, 1))).toEqual({ outcome: 'applied', changed: [key] });
    expect(directory.apply(deltaOf(log, 1))).toEqual({ outcome: 'old', changed: [] });
    expect(ownersOf(directory)).toEqual(['a']);
  });

  it('sees a gap, changes nothing, and heals from the position it holds', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    log.claim(claimOf('s2'));
    expect(directory.apply(deltaOf(log, 2))).toEqual({ outcome: 'gap', changed: [] });
    expect(ownersOf(directory)).toEqual([]);
    directory.apply(deltaOf(log, directory.position('a').version));
    expect(directory.streamCount).toBe(2);
  });

  it('voids all of an older generation as soon as a newer one is heard of, even where a gap keeps its claims away', () => {
    const directory = fresh();
    const old = hearing(directory, 'a', 5);
    old.claim(claimOf('s1'));
    directory.apply(deltaOf(old, 1));
    const restarted = new OwnLog('a', 6, 100);
    restarted.setProfile(profileOf('a'));
    restarted.claim(claimOf('s2'));
    expect(directory.apply(deltaOf(restarted, 1))).toEqual({ outcome: 'gap', changed: [key] });
    expect(ownersOf(directory)).toEqual([]);
    old.claim(claimOf('s3'));
    expect(directory.apply(deltaOf(old, 0)).outcome).toBe('old');
  });

  it('hides the claims of the dead, keeps them out of reach of news, and shows them again when it lives', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    expect(directory.setLiveness('a', 'dead')).toEqual([key]);
    log.claim(claimOf('s2'));
    expect(directory.apply(deltaOf(log, 2))).toEqual({ outcome: 'applied', changed: [] });
    expect(directory.streamCount).toBe(0);
    expect([...directory.setLiveness('a', 'alive')].sort()).toEqual([key, claimOf('s2').key]);
    expect(directory.streamCount).toBe(2);
  });

  it('replaces everything by a snapshot and names only what it changed', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    const kept = claimOf('kept');
    log.claim(kept);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    log.release(key);
    log.claim(claimOf('s2'));
    const changed = directory.replace(log.snapshot()).changed;
    expect(changed).toContain(key);
    expect(changed).toContain(claimOf('s2').key);
    expect([...directory.streams()].sort()).toEqual([kept.key, claimOf('s2').key]);
    expect(directory.position('a')).toEqual({ generation: 1, version: log.version });
  });

  it('refuses more members and more streams than the limits, whole', () => {
    const directory = fresh();
    for (let i = 0; i < 9; i += 1) hearing(directory, `m${i}`);
    const tooMany = new OwnLog('one too many', 1, 10);
    tooMany.claim(claimOf('s1'));
    expect(directory.apply(deltaOf(tooMany, 0)).outcome).toBe('refused');
    const log = new OwnLog('m0', 2, 10);
    log.setProfile(profileOf('m0'));
    for (let i = 0; i < 101; i += 1) log.claim(claimOf(`s${i}`));
    expect(directory.apply(deltaOf(log, 0)).outcome).toBe('refused');
    expect(directory.replace(log.snapshot()).outcome).toBe('refused');
    expect(directory.streamCount).toBe(0);
  });

  it('orders owners: alive before suspect, staying before draining, oldest first, then by id', () => {
    const directory = fresh();
    const since: Record<string, number> = { a: 30, b: 10, c: 20, d: 10 };
    const logs = Object.entries(since).map(([member, sinceMs]) => {
      const log = hearing(directory, member);
      log.claim(claimOf('s1', sinceMs));
      directory.apply(deltaOf(log, 1));
      return log;
    });
    expect(ownersOf(directory)).toEqual(['b', 'd', 'c', 'a']);
    directory.setLiveness('b', 'suspect');
    expect(ownersOf(directory)).toEqual(['d', 'c', 'a', 'b']);
    logs[3]?.setProfile(profileOf('d', { draining: true }));
    directory.apply(deltaOf(logs[3] as OwnLog, 2));
    expect(ownersOf(directory)).toEqual(['c', 'a', 'd', 'b']);
  });

  it('shows no claim of a member whose profile is unknown: nobody could be sent there', () => {
    const directory = fresh();
    const log = new OwnLog('a', 1, 10);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 0));
    expect(ownersOf(directory)).toEqual([]);
    log.setProfile(profileOf('a'));
    expect(directory.apply(deltaOf(log, 1)).changed).toEqual([key]);
    expect(ownersOf(directory)).toEqual(['a']);
  });

  it('holds the same in the end, whatever the order, loss and repetition of deltas, once repaired', () => {
    const step = fc.record({
      stream: fc.integer({ min: 0, max: 5 }),
      release: fc.boolean(),
      /** Which of the deltas made so far is delivered after this change, by its distance; none where 0. */
      deliver: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, bySnapshot) => {
        const directory = fresh();
        const log = new OwnLog('a', 1, 4);
        log.setProfile(profileOf('a'));
        const deltas: Delta[] = [deltaOf(log, 0)];
        for (const { stream, release, deliver } of steps) {
          const before = log.version;
          if (release) log.release(claimOf(`s${stream}`).key);
          else log.claim(claimOf(`s${stream}`));
          if (log.version > before) deltas.push(deltaOf(log, before));
          let seen = directory.position('a').version;
          for (const back of deliver) {
            const delta = deltas[deltas.length - back];
            if (delta) directory.apply(delta);
            expect(directory.position('a').version).toBeGreaterThanOrEqual(seen);
            seen = directory.position('a').version;
          }
        }
        const missing = bySnapshot ? null : log.deltaSince(directory.position('a').version);
        if (missing) directory.apply(missing);
        else directory.replace(log.snapshot());
        const expected = log
          .snapshot()
          .claims.map((claim) => claim.key)
          .sort();
        expect([...directory.streams()].sort()).toEqual(expected);
      }),
    );
  });
});
