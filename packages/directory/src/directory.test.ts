import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delta } from './delta.js';
import { type Applied, Directory } from './directory.js';
import { NO_LOAD } from './member.js';
import { OwnLog } from './own-log.js';
import { ownerOrder } from './owner.js';

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
  const delta = deltaSince(log, from);
  if (delta === null) throw new Error('forgotten');
  return delta;
}

/** What came of a change, its streams listed in order. */
const told = ({ outcome, changed }: Applied) => ({ outcome, changed: [...changed].sort() });

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
    expect(told(directory.apply(deltaOf(log, 1)))).toEqual({ outcome: 'applied', changed: [key] });
    expect(told(directory.apply(deltaOf(log, 1)))).toEqual({ outcome: 'old', changed: [] });
    expect(ownersOf(directory)).toEqual(['a']);
  });

  it('sees a gap, changes nothing, and heals from the position it holds', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    log.claim(claimOf('s2'));
    expect(told(directory.apply(deltaOf(log, 2)))).toEqual({ outcome: 'gap', changed: [] });
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
    expect(told(directory.apply(deltaOf(restarted, 1)))).toEqual({ outcome: 'gap', changed: [key] });
    expect(ownersOf(directory)).toEqual([]);
    old.claim(claimOf('s3'));
    expect(directory.apply(deltaOf(old, 0)).outcome).toBe('old');
  });

  it('hides the claims of the dead, keeps them out of reach of news, and shows them again when it lives', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    expect([...directory.setLiveness('a', 'dead')]).toEqual([key]);
    log.claim(claimOf('s2'));
    expect(told(directory.apply(deltaOf(log, 2)))).toEqual({ outcome: 'applied', changed: [] });
    expect(directory.streamCount).toBe(0);
    expect([...directory.setLiveness('a', 'alive')].sort()).toEqual([key, claimOf('s2').key]);
    expect(directory.streamCount).toBe(2);
  });

  it('replaces everything by a snapshot', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    const kept = claimOf('kept');
    log.claim(kept);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    log.release(key);
    log.claim(claimOf('s2'));
    // What it may have changed: all that it has, and all that was held.
    expect(told(directory.replace(log.snapshot()))).toEqual({
      outcome: 'applied',
      changed: [kept.key, key, claimOf('s2').key],
    });
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
    expect(told(directory.replace(tooMany.snapshot()))).toEqual({ outcome: 'refused', changed: [] });
    expect([...directory.setLiveness('one too many', 'dead')]).toEqual([]);
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
    expect(told(directory.apply(delta))).toEqual({ outcome: 'refused', changed: [] });
    expect(directory.member('a')?.claims).toBe(100);
  });

  it('names the streams that a new start voided, also where its own are refused', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    const next = new OwnLog('a', 2, 10);
    for (let i = 0; i < 101; i += 1) next.claim(claimOf(`s${i}`));
    expect(told(directory.apply(deltaOf(next, 0)))).toEqual({ outcome: 'refused', changed: [key] });
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
    expect(told(directory.apply(delta))).toEqual({ outcome: 'applied', changed: [claimOf('s5').key] });
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
      expect(told(directory.replace(snapshot))).toEqual({ outcome: 'old', changed: [] });
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
      return [...directory.apply(deltaOf(log, from)).changed];
    };
    expect([...directory.setLiveness('b', 'alive')]).toEqual([]);
    const release: Delta = {
      member: 'a',
      generation: 1,
      from: a.version,
      to: a.version + 1,
      entries: [{ kind: 'release', version: a.version + 1, key: claimOf('never claimed').key }],
    };
    expect(told(directory.apply(release))).toEqual({ outcome: 'applied', changed: [] });
    expect([...directory.setLiveness('b', 'dead')].sort()).toEqual([claimOf('of-b').key, key]);
    expect([...directory.setLiveness('b', 'left')]).toEqual([]);
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
    expect([...directory.apply(deltaOf(log, 2)).changed]).toEqual([key]);
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
      through: [],
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
    expect([...directory.forget('a')]).toEqual([key]);
    expect([directory.streamCount, directory.member('a')]).toEqual([0, undefined]);
    expect([...directory.apply(deltaOf(log, 0)).changed]).toEqual([key]);
    expect([...directory.forget('me')]).toEqual([]);
    expect(directory.member('me')?.id).toBe('me');
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
    expect([...directory.apply(deltaOf(log, 0)).changed]).toEqual([key]);
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

  it('orders owners anew where the order is another, as a reload of play.order makes it, and names all streams', () => {
    const directory = fresh();
    for (const [index, member] of ['a', 'b'].entries()) {
      const log = hearing(directory, member);
      log.setProfile(profileOf(member, { loadLevel: 2 - index }));
      log.claim(claimOf('s1', index));
      directory.apply(deltaOf(log, 1));
    }
    expect(ownersOf(directory)).toEqual(['a', 'b']);
    const changed = directory.orderBy(ownerOrder('spread', undefined));
    expect([changed.touches(key), changed.touches(claimOf('anything').key)]).toEqual([true, true]);
    expect(ownersOf(directory)).toEqual(['b', 'a']);
    directory.orderBy(ownerOrder('primary', undefined));
    expect(ownersOf(directory)).toEqual(['a', 'b']);
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
    expect(told(say(a, true))).toEqual({ outcome: 'applied', changed: [key] });
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
    expect([...directory.replace(log.snapshot()).changed]).toEqual([key]);
    expect(directory.owners(key)[0]?.claim.silent).toBe(true);
    log.claim(claimOf('s1'));
    expect([...directory.replace(log.snapshot()).changed]).toEqual([key]);
    expect(directory.owners(key)[0]?.claim).not.toHaveProperty('silent');
  });

  it('shows no claim of a member whose profile is unknown: nobody could be sent there', () => {
    const directory = fresh();
    const log = new OwnLog('a', 1, 10);
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 0));
    expect(ownersOf(directory)).toEqual([]);
    log.setProfile(profileOf('a'));
    expect([...directory.apply(deltaOf(log, 1)).changed]).toEqual([key]);
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
        const missing = bySnapshot ? null : deltaSince(log, directory.position('a').version);
        if (missing) directory.apply(missing);
        else directory.replace(log.snapshot());
        const expected = new Map(log.snapshot().claims.map((claim) => [claim.key, claim]));
        expect([...directory.streams()].sort()).toEqual([...expected.keys()].sort());
        for (const [key, claim] of expected) expect(directory.owners(key)[0]?.claim).toEqual(claim);
      }),
    );
  });

  it('names nothing of one that is dead, whatever comes of it, nor what is said again', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    const claim = claimOf('s1');
    log.claim(claim);
    log.claim(claimOf('s2'));
    directory.apply(deltaOf(log, 1));
    const from = log.version;
    log.claim(claim);
    expect(told(directory.apply(deltaOf(log, from)))).toEqual({ outcome: 'applied', changed: [] });
    log.release(claimOf('s2').key);
    expect([...directory.apply(deltaOf(log, from + 1)).changed]).toEqual([claimOf('s2').key]);
    directory.setLiveness('a', 'dead');
    log.release(key);
    expect([...directory.apply(deltaOf(log, from + 2)).changed]).toEqual([]);
    log.claim(claimOf('s3'));
    expect([...directory.replace(log.snapshot()).changed]).toEqual([]);
    const next = { member: 'a', generation: 2, from: 0, to: 0, entries: [] };
    expect(told(directory.apply(next))).toEqual({ outcome: 'applied', changed: [] });
    expect([...directory.setLiveness('a', 'left')]).toEqual([]);
    expect([...directory.forget('a')]).toEqual([]);
  });

  it('stages a snapshot part by part, and shows nothing of it before it is whole', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    directory.apply(deltaOf(log, 1));
    log.release(key);
    log.claim(claimOf('s2'));
    log.claim(claimOf('s3'));
    const { claims, ...head } = log.snapshot();
    const staged = directory.stage('a');
    expect(staged?.add(claims.slice(0, 1))).toBe(true);
    expect([...directory.streams()]).toEqual([key]);
    expect(staged?.add(claims.slice(1))).toBe(true);
    const applied = staged?.commit(head);
    expect(applied && told(applied)).toEqual({
      outcome: 'applied',
      changed: [key, ...claims.map((claim) => claim.key)],
    });
    expect([...directory.streams()].sort()).toEqual(claims.map((claim) => claim.key));
    expect(directory.member('a')).toMatchObject({ claims: 2, position: { version: log.version } });
    // It is used up.
    expect(staged?.add(claims)).toBe(false);
    expect(staged?.commit({ ...head, version: 99 }).outcome).toBe('old');
    expect(directory.position('a').version).toBe(log.version);
  });

  it('lets a later snapshot of the same member, a later word, or its end void one that is staged', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    log.claim(claimOf('s1'));
    const { claims, ...head } = log.snapshot();
    const first = directory.stage('a');
    first?.add(claims);
    const second = directory.stage('a');
    first?.discard();
    expect(first?.commit(head).outcome).toBe('old');
    expect(second?.add(claims)).toBe(true);
    directory.apply(deltaOf(log, 1));
    expect(second?.commit(head).outcome).toBe('old');
    const third = directory.stage('a');
    third?.discard();
    expect(third?.add(claims)).toBe(false);
    const fourth = directory.stage('a');
    fourth?.add(claims);
    directory.forget('a');
    expect(fourth?.commit({ ...head, version: 9 }).outcome).toBe('old');
    while (directory.isSweepDue) directory.sweep(1);
    expect(directory.keysFrom('', 9)).toEqual([]);
  });

  it('refuses a staged snapshot as soon as it is over the limit', () => {
    const directory = fresh();
    const claims = Array.from({ length: 101 }, (_, index) => claimOf(`s${index}`));
    const staged = directory.stage('a');
    expect(staged?.add(claims.slice(0, 100))).toBe(true);
    expect(staged?.add(claims.slice(100))).toBe(false);
    expect(staged?.add([])).toBe(false);
    expect(directory.streamCount).toBe(0);
    for (let i = 0; i < 8; i += 1) hearing(directory, `m${i}`);
    expect(directory.stage('one too many')).toBeNull();
  });

  it('sweeps what was voided, so much at a time, and some with each claim that comes', () => {
    const directory = fresh();
    const log = hearing(directory, 'a');
    for (let i = 0; i < 40; i += 1) log.claim(claimOf(`s${i}`));
    directory.apply(deltaOf(log, 1));
    expect(directory.isSweepDue).toBe(false);
    directory.forget('a');
    const left = () => directory.keysFrom('', 99).length;
    expect([directory.isSweepDue, directory.streamCount, left()]).toEqual([true, 0, 40]);
    directory.sweep(10);
    expect(left()).toBe(30);
    const other = hearing(directory, 'b');
    for (let i = 0; i < 3; i += 1) other.claim(claimOf(`t${i}`));
    directory.apply(deltaOf(other, 1));
    expect(left()).toBe(30 - 6 + 3);
    directory.sweep(99);
    expect([directory.isSweepDue, left(), directory.streamCount]).toEqual([false, 3, 3]);
    // Nothing is to be swept of a member that claims nothing.
    directory.forget('c');
    hearing(directory, 'c');
    directory.forget('c');
    expect(directory.isSweepDue).toBe(false);
  });

  it('tells who else can take plays: whoever lives, has room and stays', () => {
    const directory = fresh();
    const withRoom = () => directory.withRoom().map(({ member, profile }) => `${member} ${profile.name}`);
    const log = hearing(directory, 'a');
    hearing(directory, 'b');
    directory.apply({ member: 'nameless', generation: 1, from: 0, to: 1, entries: [] });
    expect(withRoom()).toEqual(['a a', 'b b']);
    for (const [more, expected] of [
      [{ full: true }, ['b b']],
      [{ full: false }, ['a a', 'b b']],
      [{ draining: true }, ['b b']],
      [{}, ['a a', 'b b']],
    ] as const) {
      const from = log.version;
      log.setProfile(profileOf('a', more));
      directory.apply(deltaOf(log, from));
      expect(withRoom()).toEqual(expected);
    }
    for (const liveness of ['unreachable', 'suspect', 'dead', 'left'] as const) {
      directory.setLiveness('b', liveness);
      expect(withRoom()).toEqual(['a a']);
    }
    directory.forget('a');
    expect(withRoom()).toEqual([]);
  });

  it('names, of the streams of one that is full or has room again, only those that others own too', () => {
    const directory = fresh();
    const [a] = ['a', 'b'].map((member) => {
      const log = hearing(directory, member);
      log.claim(claimOf('s1'));
      log.claim(claimOf(`of-${member}`));
      directory.apply(deltaOf(log, 1));
      return log;
    }) as [OwnLog, OwnLog];
    a.setProfile(profileOf('a', { full: true }));
    const { changed } = directory.apply(deltaOf(a, 3));
    expect([...changed]).toEqual([key]);
    expect([changed.touches(key), changed.touches(claimOf('none').key)]).toEqual([true, false]);
    const elsewhere = claimOf('of-others').key;
    for (const member of ['c', 'd']) {
      const log = hearing(directory, member);
      log.claim({ ...claimOf('x'), key: elsewhere });
      directory.apply(deltaOf(log, 1));
    }
    expect(changed.touches(elsewhere)).toBe(false);
    expect([changed.touches(claimOf('of-a').key), changed.touches(claimOf('of-b').key)]).toEqual([
      false,
      false,
    ]);
    expect(ownersOf(directory)).toEqual(['b', 'a']);
  });

  describe('a member that is out of reach from here', () => {
    const keys = Array.from({ length: 60 }, (_, index) => claimOf(`s${index}`).key);
    const throughs = (directory: Directory) =>
      new Set(keys.map((stream) => directory.owners(stream)[0]?.through ?? null));
    const unreachable = (zones: Readonly<Record<string, string>> = {}, zone?: string) => {
      const own = profileOf('me', zone === undefined ? {} : { zone });
      const directory = new Directory('me', own, { membersMax: 9, streamsPerMemberMax: 99 });
      const log = hearing(directory, 'a');
      for (const stream of keys) log.claim({ ...claimOf('s'), key: stream });
      directory.apply(deltaOf(log, 1));
      // Nobody knows where it is.
      directory.apply({ member: 'nameless', generation: 1, from: 0, to: 1, entries: [] });
      const logs = new Map(['x', 'y', 'z'].map((member) => [member, hearing(directory, member)]));
      const tell = (member: string, more: Parameters<typeof profileOf>[1]) => {
        const one = logs.get(member) as OwnLog;
        const from = one.version;
        one.setProfile(profileOf(member, more));
        directory.apply(deltaOf(one, from));
      };
      for (const [member, one] of Object.entries(zones)) tell(member, { zone: one });
      return { directory, tell };
    };

    it('keeps its claims, and is pulled from through one that reaches both, spread by stream', () => {
      const { directory } = unreachable();
      expect(directory.setReach('a', ['x', 'y', 'nobody', 'nameless', 'me']).isEmpty).toBe(true);
      expect(throughs(directory)).toEqual(new Set([null]));
      expect([...directory.setLiveness('a', 'unreachable')].sort()).toEqual([...keys].sort());
      expect(directory.streamCount).toBe(keys.length);
      expect(throughs(directory)).toEqual(new Set(['x', 'y']));
      expect(directory.member('a')?.through).toEqual(['x', 'y', 'nobody', 'nameless', 'me']);
      expect([...directory.setReach('a', ['x'])].sort()).toEqual([...keys].sort());
      expect(throughs(directory)).toEqual(new Set(['x']));
      expect(directory.setReach('a', ['x']).isEmpty).toBe(true);
      directory.setReach('a', []);
      expect(throughs(directory)).toEqual(new Set([null]));
      directory.setReach('a', ['x']);
      directory.setLiveness('a', 'alive');
      expect(throughs(directory)).toEqual(new Set([null]));
      expect(directory.setReach('stranger', ['x']).isEmpty).toBe(true);
    });

    it.each<[string, (world: ReturnType<typeof unreachable>) => void, readonly (string | null)[]]>([
      ['is full', ({ tell }) => tell('x', { full: true }), ['y']],
      ['drains while another stays', ({ tell }) => tell('x', { draining: true }), ['y']],
      ['is suspect', ({ directory }) => directory.setLiveness('x', 'suspect'), ['y']],
      ['is itself out of reach', ({ directory }) => directory.setLiveness('x', 'unreachable'), ['y']],
      ['was forgotten', ({ directory }) => directory.forget('x'), ['y']],
      [
        'is all that is left, though it drains',
        ({ tell, directory }) => {
          tell('x', { draining: true });
          directory.setLiveness('y', 'dead');
        },
        ['x'],
      ],
      [
        'is all that is left, and full',
        ({ tell, directory }) => {
          tell('x', { full: true });
          directory.setLiveness('y', 'dead');
        },
        [null],
      ],
    ])('is pulled from through another where one %s', (_what, change, expected) => {
      const world = unreachable();
      world.directory.setReach('a', ['x', 'y']);
      world.directory.setLiveness('a', 'unreachable');
      change(world);
      expect(throughs(world.directory)).toEqual(new Set(expected));
    });

    it('is pulled from through one in the own zone where there is any', () => {
      const { directory } = unreachable({ x: 'west', y: 'east' }, 'east');
      directory.setReach('a', ['x', 'y', 'z']);
      directory.setLiveness('a', 'unreachable');
      expect(throughs(directory)).toEqual(new Set(['y']));
    });
  });
});
