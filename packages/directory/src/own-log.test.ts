import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnLog } from './own-log.js';

describe('a member’s own log', () => {
  it('gives each change the next version and keeps only the newest entry of a key', () => {
    const log = new OwnLog('a', 7, 10);
    log.setProfile(profileOf('a'));
    log.claim(claimOf('s1', 1));
    log.claim(claimOf('s1', 2));
    expect(log.version).toBe(3);
    expect(log.size).toBe(1);
    expect(deltaSince(log, 0)).toMatchObject({ member: 'a', generation: 7, from: 0, to: 3 });
    expect(deltaSince(log, 0)?.entries.map((entry) => entry.version)).toEqual([1, 3]);
    expect(deltaSince(log, 2)?.entries).toHaveLength(1);
  });

  it('does not count a release of what was never claimed', () => {
    const log = new OwnLog('a', 1, 10);
    expect(log.release('v/app/none')).toBeNull();
    expect(log.version).toBe(0);
  });

  it('forgets old releases, and then tells who asks from before them to take a snapshot', () => {
    const log = new OwnLog('a', 1, 4);
    log.setProfile(profileOf('a'));
    for (let i = 0; i < 20; i += 1) {
      const claim = claimOf(`s${i}`);
      log.claim(claim);
      log.release(claim.key);
    }
    log.claim(claimOf('last'));
    expect(deltaSince(log, 0)).toBeNull();
    expect(deltaSince(log, log.version - 1)?.entries).toHaveLength(1);
    const releases = deltaSince(log, log.version - 5)?.entries.filter((entry) => entry.kind === 'release');
    expect(releases?.length).toBeLessThanOrEqual(4);
    expect(log.snapshot()).toEqual({
      member: 'a',
      generation: 1,
      version: 42,
      profile: profileOf('a'),
      claims: [claimOf('last')],
    });
  });

  it('keeps as many releases as it may, then forgets the oldest eighth at once, and nothing but releases', () => {
    const log = new OwnLog('a', 1, 16);
    const release = (stream: string): void => {
      log.claim(claimOf(stream));
      log.release(claimOf(stream).key);
    };
    log.claim(claimOf('stands'));
    log.setProfile(profileOf('a'));
    for (let i = 1; i <= 16; i += 1) release(`s${i}`);
    const kept = () => deltaSince(log, 0)?.entries.filter(({ kind }) => kind === 'release').length;
    expect(kept()).toBe(16);
    release('s17');
    expect(kept()).toBeUndefined();
    // Versions 4 and 6 are forgotten: who has 6 lacks nothing of them.
    expect(deltaSince(log, 5)).toBeNull();
    expect(deltaSince(log, 6)?.entries).toHaveLength(15);
    expect(log.snapshot()).toMatchObject({ profile: profileOf('a'), claims: [claimOf('stands')] });
    release('s18');
    expect(deltaSince(log, 6)?.entries).toHaveLength(16);
    release('s19');
    expect(deltaSince(log, 9)).toBeNull();
    expect(deltaSince(log, 10)?.entries).toHaveLength(15);
  });

  it('can be read as it was at one version, however long that takes', () => {
    const change = fc.record({ stream: fc.nat({ max: 6 }), isClaim: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 120 }),
        fc.array(change, { maxLength: 300 }),
        fc.nat({ max: 40 }),
        (before, after, from) => {
          const log = new OwnLog('a', 1, 3);
          log.setProfile(profileOf('a'));
          const make = ({ stream, isClaim }: { stream: number; isClaim: boolean }): void => {
            if (isClaim) log.claim(claimOf(`s${stream}`, log.version));
            else log.release(claimOf(`s${stream}`).key);
          };
          for (const one of before) make(one);
          const delta = deltaSince(log, from);
          const snapshot = log.snapshot();
          expect(log.reachesBackTo(from)).toBe(delta !== null);
          const tail = log.cut(from);
          const whole = log.cut();
          const read = tail.entries();
          const first = read.next();
          for (const one of after) make(one);
          log.setProfile(profileOf('b'));
          const entries = first.done === true ? [] : [first.value, ...read];
          if (delta !== null) expect([tail.version, entries]).toEqual([delta.to, delta.entries]);
          const claims = [...whole.entries()].flatMap((entry) =>
            entry.kind === 'claim' ? [entry.claim] : [],
          );
          expect([whole.version, whole.profile, claims]).toEqual([
            snapshot.version,
            snapshot.profile,
            snapshot.claims,
          ]);
        },
      ),
    );
  });

  it('keeps no more superseded entries than newest ones, and some', () => {
    const log = new OwnLog('a', 1, 10);
    for (let i = 1; i <= 1_000; i += 1) log.claim(claimOf('s1', i));
    expect(deltaSince(log, 0)?.entries).toEqual([
      { kind: 'claim', version: 1_000, claim: claimOf('s1', 1_000) },
    ]);
    expect(deltaSince(log, 999)?.entries).toHaveLength(1);
    expect(deltaSince(log, 1_000)?.entries).toHaveLength(0);
    expect(log.snapshot().profile).toBeNull();
  });

  it('drops what is superseded once it is more than what stands, and more than 64 entries', () => {
    const log = new OwnLog('a', 1, 10);
    for (let i = 1; i <= 65; i += 1) log.claim(claimOf('s1', i));
    expect(log.entryCount).toBe(65);
    log.claim(claimOf('s1', 66));
    expect([log.entryCount, deltaSince(log, 0)?.entries.length]).toEqual([1, 1]);
    for (let i = 2; i <= 100; i += 1) log.claim(claimOf(`s${i}`));
    for (let i = 1; i <= 100; i += 1) log.claim(claimOf(`s${i}`));
    expect(log.entryCount).toBe(200);
    const before = log.cut();
    log.claim(claimOf('s1', 9));
    expect([log.entryCount, deltaSince(log, 0)?.entries.length]).toEqual([100, 100]);
    // Who reads what it was still finds all of it.
    expect([...before.entries()]).toHaveLength(100);
    expect([...before.entries()].at(0)?.version).toBe(before.version - 99);
  });
});
