import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { BURIED_MS, GONE_TOLD_MS, MEMBERS_MAX, PEERS_MAX, POLITE_DIAL_MS, VOUCHED_MAX } from './limits.js';
import type { Acquaintance } from './messages.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { greet } from './testing/greet.js';
import { helloOf } from './testing/hello-of.js';

const AT = 50_000;

/** How late this member is, and what it draws next. */
let lateness: { ms: number };
let drawn: number;
let directory: Directory;
let peers: Peers;

beforeEach(() => {
  lateness = { ms: 0 };
  drawn = 0;
  directory = new Directory('m', profileOf('m'), { membersMax: MEMBERS_MAX, streamsPerMemberMax: 8 });
  peers = new Peers(directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, lateness, () => drawn);
});

/** One that greeted, and is heard. */
function met(id: string, generation = 5, addresses: readonly string[] = []): Peer {
  const peer = peers.connected(id, AT);
  peer.follower.told({ generation, version: 0 }, AT);
  greet(peer, generation, AT, { name: `name of ${id}`, addresses });
  peer.noteHeard(AT);
  return peer;
}

function died(id: string, at: number, generation = 5): Peer {
  const peer = met(id, generation);
  peer.disconnected(at);
  peer.judged('dead', at);
  peer.noteHeard(at);
  return peer;
}

const named = (id: string, more: Partial<Acquaintance> = {}): Acquaintance => ({
  id,
  position: { generation: 1, version: 0 },
  addresses: [`${id}:1`],
  ...more,
});

const idsOf = (some: Iterable<{ readonly id: string }>): string[] => [...some].map(({ id }) => id);

describe('everybody else', () => {
  it('is kept once, from the first connection or name until it goes', () => {
    const a = peers.connected('a', AT);
    expect(peers.connected('a', AT + 1)).toBe(a);
    peers.addNamed(named('z'), AT);
    expect([idsOf(peers), peers.size, peers.get('a'), peers.get('b')]).toEqual([['a', 'z'], 2, a, undefined]);
    peers.delete(a);
    expect([idsOf(peers), peers.size]).toEqual([['z'], 1]);
  });

  it('is who greeted, where somebody is to be spoken to', () => {
    met('a');
    peers.connected('b', AT).connected({}, AT);
    peers.addNamed(named('c'), AT);
    met('d').disconnected(AT);
    expect(idsOf(peers.greeted())).toEqual(['a']);
  });

  it.each([
    ['greater than its own, at once', 'z', AT],
    ['smaller than its own, politely later, for it is dialled itself', 'a', AT + POLITE_DIAL_MS * 1.5],
    ['equal to its own, as a smaller one', 'm', AT + POLITE_DIAL_MS * 1.5],
  ])('that is only heard of is dialled where it was named: with an id %s', (_, id, dialAt) => {
    drawn = 0.5;
    const peer = peers.addNamed(named(id), AT);
    expect([peer.addresses, peer.redial.nextAt, peer.knownSince]).toEqual([[`${id}:1`], dialAt, AT]);
  });

  it('that connected may be dialled at once where that is lost', () => {
    expect(peers.connected('a', AT).redial.nextAt).toBe(AT);
  });

  it('is named as it says in its profile, before that as it greeted, and before that by its id', () => {
    const peer = peers.connected('a', AT);
    expect([peers.nameOf('a'), peers.nameOf('unknown')]).toEqual(['a', 'unknown']);
    greet(peer, 5, AT, { name: 'hello a' });
    expect(peers.naming(peer)).toEqual({ member: 'a', memberName: 'hello a' });
    // It has a record now, without a profile yet.
    peer.follower.told({ generation: 5, version: 0 }, AT);
    expect(peers.nameOf('a')).toBe('hello a');
    const entry = { kind: 'profile', version: 1, profile: profileOf('profile a') } as const;
    directory.apply({ member: 'a', generation: 5, from: 0, to: 1, entries: [entry] });
    expect(peers.naming(peer)).toEqual({ member: 'a', memberName: 'profile a' });
    // A record may be there before, or after, anything else is kept of a member.
    peers.delete(peer);
    expect(peers.nameOf('a')).toBe('profile a');
  });
});

describe('a member that is certainly at an address', () => {
  /** Greeted and heard, dialled at the first of its addresses. */
  function isAt(id: string, ...addresses: readonly [string, ...string[]]): Peer {
    const peer = peers.connected(id, AT);
    peer.connected({ dialled: addresses[0] }, AT);
    peer.greeted(helloOf('peer', { generation: 5, addresses }), 0, AT);
    peer.noteHeard(AT);
    return peer;
  }

  it('is found by it, among other addresses too', () => {
    isAt('a', 'a:1');
    const b = isAt('b', 'b:1', 'b.example:1');
    expect([peers.whoIsAt(['b:1']), peers.whoIsAt(['c:1', 'b:1'])]).toEqual([b, b]);
  });

  it('is found by nothing that it only says', () => {
    isAt('b', 'b:1', 'b.example:1');
    expect([peers.whoIsAt(['b.example:1']), peers.whoIsAt(['c:1']), peers.whoIsAt([])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is not found any more once it is not heard', () => {
    const peer = isAt('a', 'a:1');
    peer.noteHeard(AT + 1_800);
    expect(peers.whoIsAt(['a:1'])).toBeUndefined();
  });

  it('is found by any of several that are sure', () => {
    const peer = isAt('a', 'a:1', '10.0.0.1:1');
    peer.connected({ seenAs: '10.0.0.1' }, AT);
    expect(peers.whoIsAt(['10.0.0.1:1'])).toBe(peer);
  });
});

describe('what others are told of whom this member knows', () => {
  const tell = (now: number): [string, boolean | undefined][] =>
    peers.roster(now).map(({ id, heard }) => [id, heard]);

  it('is who was met, and whether it is heard', () => {
    met('a');
    peers.addNamed(named('stranger'), AT);
    met('left').left(5, AT);
    peers.connected('witnessed', AT).witnessed(AT);
    expect(tell(AT)).toEqual([
      ['a', true],
      ['witnessed', false],
    ]);
  });

  it('is not who is gone for long', () => {
    died('dead', AT);
    expect(tell(AT + GONE_TOLD_MS - 1)).toEqual([['dead', false]]);
    expect(tell(AT + GONE_TOLD_MS)).toEqual([]);
  });

  it('says where it is, and how far its log is held', () => {
    met('a', 7, ['a:1']);
    expect(peers.roster(AT)).toEqual([
      { id: 'a', position: { generation: 7, version: 0 }, addresses: ['a:1'], heard: true },
    ]);
  });

  it('begins anywhere', () => {
    for (const id of ['a', 'b', 'c', 'd']) met(id);
    drawn = 0.5;
    expect(idsOf(peers.roster(AT))).toEqual(['c', 'd', 'a', 'b']);
    const all = [...peers];
    expect(idsOf(peers.rosterOf(all))).toEqual(['c', 'd', 'a', 'b']);
  });

  it('is, where some are introduced, that they are heard', () => {
    const [a, b] = [met('a', 7, ['a:1']), met('b')];
    expect(peers.rosterOf([a])).toEqual([
      { id: 'a', position: { generation: 7, version: 0 }, addresses: ['a:1'], heard: true },
    ]);
    expect(idsOf(peers.rosterOf([b, a]))).toEqual(['b', 'a']);
    expect(peers.acquaintance(a, false).heard).toBe(false);
  });

  it.each([
    ['in an earlier start than is heard here: yes', 6, ['a']],
    ['in the start that is heard here: no', 7, []],
    ['in a later one: no', 8, []],
  ])('corrects who tells of a member %s', (_, generation, corrected) => {
    met('a', 7);
    const told = named('a', { position: { generation, version: 9 } });
    expect(idsOf(peers.newerThan([told, named('unknown')]))).toEqual(corrected);
  });

  it('corrects nothing by members that are not heard here', () => {
    died('a', AT, 7);
    peers.addNamed(named('b'), AT);
    expect(peers.newerThan([named('a'), named('b')])).toEqual([]);
  });
});

describe('the word of one member that it hears others', () => {
  it('counts for some that are not heard here, and no more', () => {
    const [liar, other] = [met('liar'), met('other')];
    for (let count = 0; count < VOUCHED_MAX; count += 1) {
      expect(peers.mayVouch(liar, AT)).toBe(true);
      peers.addNamed(named(`made up ${count}`), AT).vouch.give('liar', AT);
    }
    expect([peers.mayVouch(liar, AT), peers.mayVouch(other, AT)]).toEqual([false, true]);
    peers.get('made up 0')?.vouch.withdraw('liar');
    expect(peers.mayVouch(liar, AT)).toBe(true);
  });
});

describe('a start of a member that was given up and forgotten', () => {
  const NEVER = Number.NEGATIVE_INFINITY;

  it('is known to be gone since then, and so are earlier ones', () => {
    const peer = died('a', AT, 7);
    expect(peers.buriedSince('a', 7)).toBe(NEVER);
    peers.bury(peer, AT + 10);
    expect(peers.get('a')).toBeUndefined();
    expect([6, 7, 8].map((generation) => peers.buriedSince('a', generation))).toEqual([AT, AT, NEVER]);
    expect(peers.buriedSince('b', 7)).toBe(NEVER);
  });

  it('is known to be gone no more after a time', () => {
    peers.bury(died('a', AT), AT + 10);
    peers.tick(AT + BURIED_MS - 1);
    expect(peers.buriedSince('a', 5)).toBe(AT);
    peers.tick(AT + BURIED_MS);
    expect(peers.buriedSince('a', 5)).toBe(NEVER);
  });

  it('was gone: who lives and is forgotten is as if it had never been met', () => {
    peers.bury(met('a'), AT);
    expect([peers.size, peers.buriedSince('a', 5)]).toEqual([0, NEVER]);
  });

  it('is known of a limited number, the last ones', () => {
    const names = Array.from({ length: PEERS_MAX + 1 }, (_, index) => `a${index}`);
    const isKnown = (name: string): boolean => peers.buriedSince(name, 0) > NEVER;
    const giveUp = (name: string, now: number): void => {
      const peer = peers.connected(name, AT);
      peer.witnessed(AT);
      peer.judged('dead', now);
      peers.bury(peer, now);
    };
    for (const name of names) giveUp(name, AT);
    peers.tick(AT);
    expect(names.filter(isKnown)).toEqual(names.slice(1));
    // Who is given up again is the last one, since then, and takes no other one's place.
    giveUp('a2', AT + 1);
    expect(peers.buriedSince('a2', 0)).toBe(AT + 1);
    expect(names.filter(isKnown)).toEqual(names.slice(1));
    giveUp('one more', AT + 1);
    giveUp('another one', AT + 1);
    const shown = ['a1', 'a2', 'a3', 'a4', 'one more', 'another one'];
    expect(shown.filter(isKnown)).toEqual(['a2', 'a4', 'one more', 'another one']);
  });
});
