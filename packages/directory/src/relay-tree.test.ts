import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MemberId, type MemberProfile, NO_LOAD } from './member.js';
import type { Owner } from './owner.js';
import { HEADS_OF_OWN_ZONE, PULLS_PER_HEAD_MAX, type RelayWay, relayWay } from './relay-tree.js';
import { type RouteView, route } from './route.js';

const KEY = claimOf('s').key;

interface Place extends Partial<MemberProfile> {
  readonly name: string;
}

/** What a member knows: itself, others that have room, and who publishes. */
function viewOf(self: Place, others: readonly Place[], owners: readonly Place[]): RouteView {
  return {
    self: self.name,
    profile: profileOf(self.name, self),
    owners: (key) => (key === KEY ? owners.map(ownerOf) : []),
    withRoom: () => others.map((other) => ({ member: other.name, profile: profileOf(other.name, other) })),
  };
}

const ownerOf = (place: Place): Owner => ({
  member: place.name,
  profile: profileOf(place.name, place),
  liveness: 'alive',
  load: NO_LOAD,
  claim: claimOf('s'),
});

const membersOf = (zone: string | undefined, count: number): Place[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `${zone ?? 'm'}-${index}`,
    ...(zone !== undefined && { zone }),
  }));

const textOf = (way: RelayWay): string => (way.kind === 'direct' ? way.reason : way.head.member);

/** How each member pulls this owner's stream where all know the same, its own zone's others first. */
function ways(members: readonly Place[], owner: Place, avoided: readonly MemberId[] = []) {
  const known = [...members, owner];
  return new Map(
    members.map((self) => {
      const others = known.filter(({ name }) => name !== self.name);
      return [self.name, relayWay(viewOf(self, others, [owner]), ownerOf(owner), new Set(avoided))];
    }),
  );
}

const heads = (of: ReadonlyMap<string, RelayWay>): string[] =>
  [...of].filter(([, { kind }]) => kind === 'direct').map(([name]) => name);

describe('the way of a relay', () => {
  it('is through one member of a zone for all others of it, and that one pulls from the owner', () => {
    const owner = { name: 'o', zone: 'far' };
    const all = ways(membersOf('z', 10), owner);
    const [head, ...more] = heads(all);
    expect(more).toEqual([]);
    expect(all.get(head ?? '')).toEqual({ kind: 'direct', reason: 'head' });
    const through = [...all.values()].flatMap((way) => (way.kind === 'through' ? [way.head] : []));
    expect(through).toHaveLength(9);
    expect(new Set(through.map(({ member, profile }) => `${member} ${profile.zone}`))).toEqual(
      new Set([`${head} z`]),
    );
  });

  it('makes an owner send five copies to three zones of ten', () => {
    const members = ['a', 'b', 'c'].flatMap((zone) => membersOf(zone, 10));
    const [owner = { name: '' }, ...others] = members;
    const all = ways(others, owner);
    expect(heads(all)).toHaveLength(HEADS_OF_OWN_ZONE + 2);
    // In its own zone, too, everybody else has a head, and these have equally many.
    const pulls = new Map<string, number>();
    for (const way of all.values()) {
      if (way.kind === 'through') pulls.set(way.head.member, (pulls.get(way.head.member) ?? 0) + 1);
    }
    expect([...pulls].filter(([name]) => name.startsWith('a')).map(([, count]) => count)).toEqual([2, 2, 2]);
  });

  it('has one head more for each further sixteen members of a zone', () => {
    const copies = (count: number): number => heads(ways(membersOf('z', count), { name: 'o' })).length;
    expect([1, 2, 16, 17, 32, 33].map(copies)).toEqual([1, 1, 1, 2, 2, 3]);
    const ofOwnZone = (count: number): number =>
      heads(ways(membersOf('z', count), { name: 'o', zone: 'z' })).length;
    expect([1, 2, 3, 4, 48, 49].map(ofOwnZone)).toEqual([1, 2, 3, 3, 3, 4]);
  });

  it('takes members without a zone for one zone', () => {
    expect(heads(ways(membersOf(undefined, 9), { name: 'o' }))).toHaveLength(HEADS_OF_OWN_ZONE);
    expect(heads(ways(membersOf(undefined, 9), { name: 'o', zone: 'z' }))).toHaveLength(1);
  });

  it('spreads streams over the members of a zone', () => {
    const members = membersOf('z', 4);
    const chosen = new Map<string, number>();
    for (let index = 0; index < 400; index += 1) {
      const owner: Owner = { ...ownerOf({ name: 'o' }), claim: claimOf(`s${index}`) };
      for (const self of members) {
        const others = members.filter(({ name }) => name !== self.name);
        if (relayWay(viewOf(self, others, []), owner).kind === 'through') continue;
        chosen.set(self.name, (chosen.get(self.name) ?? 0) + 1);
      }
    }
    expect([...chosen.values()].reduce((sum, count) => sum + count)).toBe(400);
    for (const count of chosen.values()) expect(count).toBeGreaterThan(60);
  });

  it('passes over who drains or is full, also where that is this very member', () => {
    const owner = { name: 'o', zone: 'far' };
    const members = membersOf('z', 4);
    const [head = ''] = heads(ways(members, owner));
    const staying = members.filter(({ name }) => name !== head);
    const [next = ''] = heads(ways(staying, owner));
    for (const trouble of [{ draining: true }, { full: true }]) {
      const self = { name: head, zone: 'z', ...trouble };
      expect(textOf(relayWay(viewOf(self, staying, [owner]), ownerOf(owner)))).toBe(next);
    }
  });

  it('goes to the next member in order where the first one is avoided, and moves no other stream for it', () => {
    const owner = { name: 'o', zone: 'far' };
    const members = membersOf('z', 5);
    const [head = ''] = heads(ways(members, owner));
    const avoiding = ways(
      members.filter(({ name }) => name !== head),
      owner,
      [head],
    );
    const [next = '', ...more] = heads(avoiding);
    expect(more).toEqual([]);
    const self = members.find(({ name }) => name !== head && name !== next) ?? { name: '' };
    const others = members.filter(({ name }) => name !== self.name);
    const view = viewOf(self, others, [owner]);
    expect(textOf(relayWay(view, ownerOf(owner), new Set([head])))).toBe(next);
    const all = new Set(others.map(({ name }) => name));
    expect(textOf(relayWay(view, ownerOf(owner), all))).toBe('nobody-else');
  });

  it('is through no owner of the stream, nobody of another zone, and nobody who takes no pulls', () => {
    const owner = { name: 'o', zone: 'far' };
    const self = { name: 'me', zone: 'z' };
    const backup = { name: 'backup', zone: 'z' };
    const silent = {
      name: 'silent',
      zone: 'z',
      relayAddress: { network: 'n', host: 'h', rtmpPort: 0, httpPort: 8080 },
    };
    const view = viewOf(self, [owner, backup, silent, { name: 'x', zone: 'y' }], [owner, backup]);
    expect(textOf(relayWay(view, ownerOf(owner)))).toBe('nobody-else');
    // By TLS alone is a way as well.
    const secure = {
      ...silent,
      relayAddress: { ...silent.relayAddress, rtmpsPort: 443 },
      relayKeyHash: 'k',
    };
    expect(textOf(relayWay(viewOf(self, [secure], [owner]), ownerOf(owner)))).toMatch(/^(silent|head)$/);
    expect(textOf(relayWay(viewOf({ ...self, draining: true }, [secure], [owner]), ownerOf(owner)))).toBe(
      'silent',
    );
    // A port without the key's hash is none, nor a hash without a port; and nobody is its own head.
    const { relayKeyHash, ...keyless } = secure;
    for (const other of [keyless, { ...silent, relayKeyHash }, self])
      expect(textOf(relayWay(viewOf(self, [other], [owner]), ownerOf(owner)))).toBe('nobody-else');
  });

  it('is the one that the mesh knows where the owner is out of reach', () => {
    const [self = { name: '' }, ...others] = membersOf('z', 5);
    const owner: Owner = { ...ownerOf({ name: 'o' }), through: 'x' };
    expect(textOf(relayWay(viewOf(self, others, []), owner))).toBe('out-of-reach');
  });
});

/** What one member believes; wrong where it is drawn so. */
interface Belief {
  readonly zones: readonly number[];
  readonly room: readonly boolean[];
  readonly knowsOwner: boolean;
  readonly owns: boolean;
  readonly draining: boolean;
}

const MEMBERS_MAX = 12;
const belief: fc.Arbitrary<Belief> = fc.record({
  zones: fc.array(fc.nat(2), { minLength: MEMBERS_MAX, maxLength: MEMBERS_MAX }),
  room: fc.array(fc.boolean(), { minLength: MEMBERS_MAX, maxLength: MEMBERS_MAX }),
  knowsOwner: fc.boolean(),
  owns: fc.boolean(),
  draining: fc.boolean(),
});

describe('members that pull from each other', () => {
  it('reach the owner by one other at most, whatever each of them believes', () => {
    fc.assert(
      fc.property(
        fc.array(belief, { minLength: 2, maxLength: MEMBERS_MAX }),
        fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', 'c') }),
        (beliefs, salt) => {
          const names = beliefs.map((_, index) => `${salt}-${index}`);
          const placeOf = (by: Belief, index: number): Place => ({
            name: names[index] ?? '',
            zone: `z${by.zones[index]}`,
          });
          const views = beliefs.map((by, self) => {
            const all = names.map((_, index) => placeOf(by, index));
            const owners = [
              ...(by.knowsOwner ? [placeOf(by, 0)] : []),
              ...(by.owns ? [placeOf(by, self)] : []),
            ];
            const others = all.filter((_, index) => index !== self && by.room[index] === true);
            return viewOf({ ...placeOf(by, self), draining: by.draining }, others, owners);
          });
          for (let self = 1; self < names.length; self += 1) {
            const by = beliefs[self] as Belief;
            const owner = ownerOf(placeOf(by, 0));
            const path = [names[self]];
            const way = relayWay(views[self] as RouteView, owner);
            if (way.kind === 'through') {
              const asked = names.indexOf(way.head.member);
              // Neither itself nor the owner.
              expect(asked).toBeGreaterThan(0);
              expect(asked).not.toBe(self);
              path.push(way.head.member);
              const answer = route(views[asked] as RouteView, {
                key: KEY,
                protocol: 'rtmp',
                followsRedirect: false,
                mark: 'relay',
                relayOf: owner.member,
                mode: 'auto',
              });
              // It gives what it publishes itself, pulls from the owner itself, or refuses: then this one does.
              if (answer.kind === 'relay')
                expect(answer.owners.map(({ member, through }) => [member, through ?? null])).toEqual([
                  [owner.member, null],
                ]);
              else expect(answer.reason).toMatch(/^(published-here|relay-of-unowned)$/);
            }
            expect(path.length).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('make an owner send few copies where they know the same, wherever they are and whoever has room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 60 }),
        fc.nat(3),
        fc.string({ maxLength: 4 }),
        (drawn, ownZone, salt) => {
          const members = drawn.map(([zone, full], index) => ({
            name: `${salt}${index}`,
            zone: `z${zone}`,
            full,
          }));
          const owner = { name: `${salt}owner`, zone: `z${ownZone}` };
          const all = new Map(
            members.map((self) => {
              const others = members.filter(({ name, full }) => name !== self.name && !full);
              return [self.name, relayWay(viewOf(self, others, [owner]), ownerOf(owner))];
            }),
          );
          for (const zone of new Set(members.map((member) => member.zone))) {
            const inZone = members.filter((member) => member.zone === zone);
            const free = inZone.filter(({ full }) => !full);
            const direct = inZone.filter(({ name }) => all.get(name)?.kind === 'direct');
            const needed = Math.ceil(free.length / PULLS_PER_HEAD_MAX);
            const most = zone === owner.zone ? Math.max(HEADS_OF_OWN_ZONE, needed) : needed;
            // Where nobody has room each has to pull for itself.
            if (free.length > 0) expect(direct.length).toBeLessThanOrEqual(most);
            for (const { name } of inZone) {
              const way = all.get(name);
              // Who is asked pulls from the owner in its own view as well.
              if (way?.kind === 'through') expect(all.get(way.head.member)?.kind).toBe('direct');
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
