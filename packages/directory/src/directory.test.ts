import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delta } from './delta.js';
import { Directory } from './directory.js';
import { NO_LOAD } from './member.js';
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

/** Three entries, of versions 1 to 3. */
const repeated = (entry: (version: number) => Delta['entries'][number]): Delta['entries'] =>
  [1, 2, 3].map(entry);

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
    const { outcome, changed } = directory.replace(log.snapshot());
    expect([outcome, [...changed].sort()]).toEqual(['applied', [key, claimOf('s2').key]]);
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
    expect(directory.replace(tooMany.snapshot())).toEqual({ outcome: 'refused', changed: [] });
    expect(directory.setLiveness('one too many', 'dead')).toEqual([]);
    expect(directory.member('one too many')).toBeUndefined();
  });

  it('takes as many streams as the limit, and a change of them when it is full', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    for (let i = 0; i < 100; i += 1) log.claim(claimOf(`s${i}`));
    expect(directory.apply(deltaOf(log, 1)).outcome).toBe('applied');
    // Said again, and one for another, in one delta.
    const from = log.version;
    log.claim(claimOf('s7', 2));
    log.release(claimOf('s0').key);
    log.claim(claimOf('another'));
    expect(directory.apply(deltaOf(log, from)).outcome).toBe('applied');
    expect(directory.member('a')?.claims).toBe(100);
    const copy = fresh();
    expect(copy.replace(log.snapshot()).outcome).toBe('applied');
    expect(copy.streamCount).toBe(100);
    log.release('v/app/none');
    log.claim(claimOf('too many'));
    expect(directory.apply(deltaOf(log, from + 3)).outcome).toBe('refused');
    expect(directory.position('a').version).toBe(from + 3);
  });

  it.each<[string, Delta['entries']]>([
    ['releases the same stream again and again', repeated((version) => ({ kind: 'release', version, key }))],
    [
      'releases what it never claimed',
      repeated((version) => ({ kind: 'release', version, key: claimOf(`none${version}`).key })),
    ],
    [
      'releases what it claims anew',
      repeated((version) =>
        version % 2 === 1
          ? { kind: 'release', version, key }
          : { kind: 'claim', version, claim: claimOf('s1', version) },
      ),
    ],
  ])('makes no room for a member that %s', (_, entries) => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    for (let i = 1; i <= 100; i += 1) log.claim(claimOf(`s${i}`));
    directory.apply(deltaOf(log, 1));
    const from = log.version;
    const next = from + entries.length;
    const delta: Delta = {
      member: 'a',
      generation: 1,
      from,
      to: next + 2,
      entries: [
        ...entries.map((entry) => ({ ...entry, version: from + entry.version })),
        { kind: 'claim', version: next + 1, claim: claimOf('s101') },
        { kind: 'claim', version: next + 2, claim: claimOf('s102') },
      ],
    };
    expect(directory.apply(delta)).toEqual({ outcome: 'refused', changed: [] });
    expect(directory.member('a')?.claims).toBe(100);
  });

  it('names the streams that a new start voided, also where its own are refused', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    const next = new OwnLog('a', 2, 10);
    for (let i = 0; i < 101; i += 1) next.claim(claimOf(`s${i}`));
    expect(directory.apply(deltaOf(next, 0))).toEqual({ outcome: 'refused', changed: [key] });
  });

  it('passes over entries that it has, in a delta that begins before them', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1', 7));
    directory.apply(deltaOf(log, 1));
    log.claim(claimOf('s3'));
    log.release(claimOf('s3').key);
    directory.apply(deltaOf(log, 2));
    const delta: Delta = {
      member: 'a',
      generation: 1,
      from: 1,
      to: 5,
      entries: [
        { kind: 'claim', version: 2, claim: claimOf('s1', 8) },
        { kind: 'claim', version: 3, claim: claimOf('s3') },
        { kind: 'claim', version: 4, claim: claimOf('s4') },
        { kind: 'claim', version: 5, claim: claimOf('s5') },
      ],
    };
    expect(directory.apply(delta)).toEqual({ outcome: 'applied', changed: [claimOf('s5').key] });
    expect(directory.owners(key)[0]?.claim.sinceMs).toBe(7);
    expect(directory.streamCount).toBe(2);
    // Nor do they count against the limit.
    const full = new Directory('me', profileOf('me'), { membersMax: 9, streamsPerMemberMax: 1 });
    const first: Delta = { ...delta, from: 0, to: 2, entries: delta.entries.slice(0, 1) };
    const passedOver: Delta['entries'][number] = { kind: 'claim', version: 2, claim: claimOf('s9') };
    expect(full.apply(first).outcome).toBe('applied');
    expect(full.apply({ ...first, to: 3, entries: [passedOver] }).outcome).toBe('applied');
  });

  it('calls a snapshot old that is no newer than what it holds', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    const before = log.snapshot();
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    for (const snapshot of [before, log.snapshot()])
      expect(directory.replace(snapshot)).toEqual({ outcome: 'old', changed: [] });
    expect(ownersOf(directory)).toEqual(['a']);
  });

  it('keeps the profile where a snapshot brings none', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.replace({ ...log.snapshot(), profile: null });
    expect(directory.owners(key)[0]?.profile).toEqual(profileOf('a'));
  });

  it('names no stream where nothing about it changed', () => {
    const directory = fresh();
    const [a, b] = ['a', 'b'].map((member) => {
      const log = hearing(directory, member);
      log.claim(claimOf('s1'));
      log.claim(claimOf(`of-${member}`));
      directory.apply(deltaOf(log, 1));
      return log;
    }) as [OwnLog, OwnLog];
    const say = (log: OwnLog, change: () => void) => {
      const from = log.version;
      change();
      return directory.apply(deltaOf(log, from)).changed;
    };
    expect(directory.setLiveness('b', 'alive')).toEqual([]);
    const release: Delta = {
      member: 'a',
      generation: 1,
      from: a.version,
      to: a.version + 1,
      entries: [{ kind: 'release', version: a.version + 1, key: claimOf('never claimed').key }],
    };
    expect(directory.apply(release)).toEqual({ outcome: 'applied', changed: [] });
    expect([...directory.setLiveness('b', 'dead')].sort()).toEqual([claimOf('of-b').key, key]);
    expect(directory.setLiveness('b', 'left')).toEqual([]);
    expect(say(b, () => b.setProfile(profileOf('b')))).toEqual([]);
    expect(say(b, () => b.release(claimOf('of-b').key))).toEqual([]);
    expect(ownersOf(directory)).toEqual(['a']);
  });

  it('names every stream of a member that moved', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    log.setProfile(profileOf('a', { apiAddress: 'elsewhere:1985' }));
    expect(directory.apply(deltaOf(log, 2)).changed).toEqual([key]);
    expect(directory.owners(key)[0]?.profile.apiAddress).toBe('elsewhere:1985');
  });

  it('tells what it knows of each member', () => {
    const directory = fresh();
    const log = hearing(directory, 'a', 3);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    const load = { players: 1, publishers: 2, outboundKbps: 3 };
    directory.setLoad('a', load);
    directory.setLoad('nobody', load);
    const a = {
      id: 'a',
      position: { generation: 3, version: 2 },
      profile: profileOf('a'),
      liveness: 'alive',
      load,
      claims: 1,
    };
    expect(directory.member('a')).toEqual(a);
    expect(directory.member('nobody')).toBeUndefined();
    expect([...directory.members()]).toEqual([
      expect.objectContaining({ id: 'me', load: NO_LOAD, claims: 0 }),
      a,
    ]);
    expect(NO_LOAD).toEqual({ players: 0, publishers: 0, outboundKbps: 0 });
    expect(directory.owners(key)[0]?.load).toEqual(load);
    expect(directory.profile).toEqual(profileOf('me'));
    expect(directory.digest()).toEqual(
      new Map([
        ['me', { generation: 0, version: 0 }],
        ['a', { generation: 3, version: 2 }],
      ]),
    );
    expect(directory.position('nobody')).toEqual({ generation: 0, version: 0 });
  });

  it('forgets a member with its claims, and never itself', () => {
    const directory = fresh();
    const log = hearing(directory, 'a', 3);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    expect(directory.forget('a')).toEqual([key]);
    expect([directory.streamCount, directory.member('a')]).toEqual([0, undefined]);
    expect(directory.apply(deltaOf(log, 0)).changed).toEqual([key]);
    expect(directory.forget('me')).toEqual([]);
    expect(directory.profile).toEqual(profileOf('me'));
  });

  it('frees the claims of one that owns nothing any more, and still refuses its earlier starts', () => {
    const directory = fresh();
    const log = hearing(directory, 'a', 3);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    directory.voidClaims('a');
    expect(directory.owners(key)).toHaveLength(1);
    directory.setLiveness('a', 'dead');
    directory.voidClaims('a');
    directory.voidClaims('nobody');
    expect(directory.member('a')).toMatchObject({ claims: 0, position: { generation: 3, version: 0 } });
    expect(directory.memberCount).toBe(2);
    expect(directory.apply({ ...deltaOf(log, 0), generation: 2 }).outcome).toBe('old');
    directory.setLiveness('a', 'alive');
    expect(directory.apply(deltaOf(log, 0)).changed).toEqual([key]);
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

  it('moves an owner that falls silent behind those that flow, and back, and names the stream each time', () => {
    const directory = fresh();
    const [a, b] = ['a', 'b'].map((member, index) => {
      const log = hearing(directory, member);
      log.claim(claimOf('s1', index));
      log.claim(claimOf(`of-${member}`));
      directory.apply(deltaOf(log, 1));
      return log;
    }) as [OwnLog, OwnLog];
    const say = (log: OwnLog, silent: boolean) => {
      const from = log.version;
      log.claim(claimOf('s1', log === a ? 0 : 1, silent));
      return directory.apply(deltaOf(log, from));
    };
    expect(ownersOf(directory)).toEqual(['a', 'b']);
    expect(say(a, true)).toEqual({ outcome: 'applied', changed: [key] });
    expect(ownersOf(directory)).toEqual(['b', 'a']);
    expect(directory.owners(key).map(({ claim }) => claim.silent)).toEqual([undefined, true]);
    say(b, true);
    expect(ownersOf(directory)).toEqual(['a', 'b']);
    say(b, false);
    expect(ownersOf(directory)).toEqual(['b', 'a']);
    say(a, false);
    expect(ownersOf(directory)).toEqual(['a', 'b']);
    expect(directory.owners(key).map(({ claim }) => claim.sinceMs)).toEqual([0, 1]);
  });

  it('learns of silence, and of its end, by a snapshot as well', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1', 1, true));
    expect(directory.replace(log.snapshot()).changed).toEqual([key]);
    expect(directory.owners(key)[0]?.claim.silent).toBe(true);
    log.claim(claimOf('s1'));
    expect(directory.replace(log.snapshot()).changed).toEqual([key]);
    expect(directory.owners(key)[0]?.claim).not.toHaveProperty('silent');
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
      silent: fc.boolean(),
      /** Which of the deltas made so far is delivered after this change, by its distance; none where 0. */
      deliver: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, bySnapshot) => {
        const directory = fresh();
        const log = new OwnLog('a', 1, 4);
        log.setProfile(profileOf('a'));
        const deltas: Delta[] = [deltaOf(log, 0)];
        for (const { stream, release, silent, deliver } of steps) {
          const before = log.version;
          if (release) log.release(claimOf(`s${stream}`).key);
          else log.claim(claimOf(`s${stream}`, 1, silent));
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
        const expected = new Map(log.snapshot().claims.map((claim) => [claim.key, claim]));
        expect([...directory.streams()].sort()).toEqual([...expected.keys()].sort());
        for (const [key, claim] of expected) expect(directory.owners(key)[0]?.claim).toEqual(claim);
      }),
    );
  });
});
