import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Claim } from './claim.js';
import { comparePositions, type Snapshot } from './delta.js';
import { Directory, type StagedSnapshot } from './directory.js';
import { claimsStand, type Liveness, type MemberProfile, NO_LOAD } from './member.js';
import { OwnLog } from './own-log.js';
import { type Owner, primaryOrder } from './owner.js';
import { ALL_STREAMS, type OwnersChange } from './owners-change.js';

const MEMBERS = ['a', 'b', 'c'] as const;
const STREAMS = Array.from({ length: 6 }, (_, index) => claimOf(`s${index}`).key);
const STREAMS_MAX = 5;

interface Naive {
  generation: number;
  version: number;
  profile: MemberProfile | null;
  liveness: Liveness;
  claims: Map<string, Claim>;
}

/** What the directory shows, worked out from scratch each time. */
class NaiveDirectory {
  readonly members = new Map<string, Naive>();

  of(id: string): Naive {
    const known = this.members.get(id);
    if (known) return known;
    const fresh: Naive = { generation: 0, version: 0, profile: null, liveness: 'alive', claims: new Map() };
    this.members.set(id, fresh);
    return fresh;
  }

  take({ member, generation, version, profile, claims }: Snapshot): void {
    const record = this.of(member);
    if (comparePositions({ generation, version }, record) <= 0) return;
    Object.assign(record, {
      generation,
      version,
      profile: profile ?? record.profile,
      claims: new Map(claims.map((claim) => [claim.key, claim])),
    });
  }

  owners(key: string): string[] {
    const owners: Owner[] = [];
    for (const [member, { profile, liveness, claims }] of this.members) {
      const claim = claims.get(key);
      if (claim === undefined || profile === null || !claimsStand(liveness)) continue;
      owners.push({ member, profile, liveness, load: NO_LOAD, claim });
    }
    return owners.sort(primaryOrder).map(textOf);
  }
}

const textOf = ({ member, claim, liveness, profile }: Owner): string =>
  `${member} ${claim.sinceMs} ${claim.silent === true} ${liveness} ${profile.draining} ${profile.full === true}`;

/** One member's log, and what of it was delivered. */
class Told {
  log: OwnLog;
  staged: { readonly part: StagedSnapshot; readonly snapshot: Snapshot } | null = null;

  constructor(member: string, generation = 1) {
    this.log = new OwnLog(member, generation, 3);
  }
}

type Step = (directory: Directory, naive: NaiveDirectory, told: Map<string, Told>) => OwnersChange | null;

const member = fc.constantFrom(...MEMBERS);
const stream = fc.nat({ max: STREAMS.length - 1 }).map((index) => `s${index}`);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ member, stream, sinceMs: fc.nat({ max: 3 }), silent: fc.boolean() }).map(
    ({ member, stream, sinceMs, silent }): Step =>
      (_directory, _naive, told) => {
        const { log } = told.get(member)!;
        if (log.size < STREAMS_MAX || log.has(claimOf(stream).key))
          log.claim(claimOf(stream, sinceMs, silent));
        return null;
      },
  ),
  fc.record({ member, stream }).map(
    ({ member, stream }): Step =>
      (_directory, _naive, told) => {
        told.get(member)!.log.release(claimOf(stream).key);
        return null;
      },
  ),
  fc.record({ member, draining: fc.boolean(), full: fc.boolean(), loadLevel: fc.nat({ max: 1 }) }).map(
    ({ member, ...more }): Step =>
      (_directory, _naive, told) => {
        told.get(member)!.log.setProfile(profileOf(member, more));
        return null;
      },
  ),
  // What is new of a member comes as a delta, or where that can't be as a snapshot.
  fc.record({ member, bySnapshot: fc.boolean() }).map(
    ({ member, bySnapshot }): Step =>
      (directory, naive, told) => {
        const { log } = told.get(member)!;
        const held = directory.position(member);
        const from = held.generation === log.generation ? held.version : 0;
        const delta = bySnapshot ? null : deltaSince(log, from);
        const { changed } = delta === null ? directory.replace(log.snapshot()) : directory.apply(delta);
        naive.take(log.snapshot());
        return changed;
      },
  ),
  // A snapshot comes in two parts, with whatever happens between them.
  member.map(
    (member): Step =>
      (directory, naive, told) => {
        const one = told.get(member)!;
        if (one.staged === null) {
          const snapshot = one.log.snapshot();
          const part = directory.stage(member)!;
          naive.of(member);
          part.add(snapshot.claims.slice(0, 2));
          one.staged = { part, snapshot };
          return null;
        }
        const { part, snapshot } = one.staged;
        one.staged = null;
        if (!part.add(snapshot.claims.slice(2))) return null;
        const { outcome, changed } = part.commit(snapshot);
        if (outcome === 'applied') naive.take(snapshot);
        return changed;
      },
  ),
  member.map(
    (member): Step =>
      (_directory, _naive, told) => {
        const one = told.get(member)!;
        one.staged?.part.discard();
        one.staged = null;
        return null;
      },
  ),
  // Starts anew, and that is heard of before anything that it says.
  member.map(
    (member): Step =>
      (directory, naive, told) => {
        const generation = told.get(member)!.log.generation + 1;
        told.get(member)!.log = new OwnLog(member, generation, 3);
        const { changed } = directory.apply({ member, generation, from: 0, to: 0, entries: [] });
        Object.assign(naive.of(member), { generation, version: 0, claims: new Map() });
        return changed;
      },
  ),
  fc
    .record({
      member,
      liveness: fc.constantFrom<Liveness>('alive', 'unreachable', 'suspect', 'dead', 'left'),
    })
    .map(
      ({ member, liveness }): Step =>
        (directory, naive) => {
          naive.of(member).liveness = liveness;
          return directory.setLiveness(member, liveness);
        },
    ),
  member.map(
    (member): Step =>
      (directory, naive) => {
        naive.members.delete(member);
        return directory.forget(member);
      },
  ),
  fc.nat({ max: 4 }).map(
    (claims): Step =>
      (directory) => {
        directory.sweep(claims);
        return null;
      },
  ),
);

it('shows at each moment what a directory would that keeps no index, and tells of every stream that changed', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80 }), (all) => {
      const limits = { membersMax: 9, streamsPerMemberMax: STREAMS_MAX };
      const directory = new Directory('me', profileOf('me'), limits);
      const naive = new NaiveDirectory();
      const told = new Map(MEMBERS.map((id) => [id as string, new Told(id)]));
      const owners = (key: string) => directory.owners(key).map(textOf);
      for (const step of all) {
        const before = STREAMS.map((key) => owners(key).join());
        const changed = step(directory, naive, told);
        const expected = STREAMS.map((key) => naive.owners(key));
        expect(STREAMS.map(owners)).toEqual(expected);
        const owned = STREAMS.filter((_, index) => expected[index]!.length > 0);
        expect([...directory.streams()].sort()).toEqual(owned);
        expect(directory.streamCount).toBe(owned.length);
        for (const id of MEMBERS)
          expect(directory.member(id)?.claims ?? 0).toBe(naive.members.get(id)?.claims.size ?? 0);
        const ordered = directory.keysFrom('', 100);
        expect(ordered).toEqual([...new Set(ordered)].sort());
        expect(ordered).toEqual(expect.arrayContaining(owned));
        for (const [index, key] of STREAMS.entries()) {
          if (owners(key).join() !== before[index]) expect(changed?.touches(key)).toBe(true);
        }
        if (changed === null) continue;
        const touched = STREAMS.filter((key) => changed.touches(key));
        expect([...changed].sort()).toEqual(touched);
        expect([...changed.among(ALL_STREAMS)].sort()).toEqual(touched);
        expect([...changed.among(new Set(STREAMS.slice(0, 2)))].sort()).toEqual(
          touched.filter((key) => STREAMS.indexOf(key) < 2),
        );
      }
      // Nothing is left of what was voided.
      for (const one of told.values()) one.staged?.part.discard();
      while (directory.isSweepDue) directory.sweep(1);
      const claimed = MEMBERS.flatMap((id) => [...(naive.members.get(id)?.claims.keys() ?? [])]);
      expect(directory.keysFrom('', 100)).toEqual([...new Set(claimed)].sort());
    }),
    { numRuns: 400 },
  );
});
