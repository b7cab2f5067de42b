import { claimOf } from '@headwater/testing/claim-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { FORGET_AFTER_MS, GONE_KEPT_MS, PEERS_MAX, STRANGER_KEPT_MS } from './limits.js';
import type { Peer } from './peer.js';
import { Step } from './step.js';
import { AcquaintedPeers, heard, named } from './testing/acquainted-peers.js';

let scene: AcquaintedPeers;
/** One that lives and tells of others. */
let a: Peer;

beforeEach(() => {
  scene = new AcquaintedPeers();
  a = scene.alive('a');
});

describe('who connects', () => {
  it('is a stranger, and stays who it is', () => {
    const stranger = scene.connect('x');
    expect([stranger?.id, stranger?.isMet]).toEqual(['x', false]);
    expect(scene.connect('x')).toBe(stranger);
    expect(scene.connect('a')).toBe(a);
  });

  it('has no place where all live, unless it has one already', () => {
    scene.fill(1);
    expect(scene.connect('last')?.id).toBe('last');
    expect(scene.connect('live9')?.id).toBe('live9');
    scene.alive('last');
    expect(scene.connect('more')).toBeNull();
    expect(scene.connect('live9')?.id).toBe('live9');
    expect(scene.peers.size).toBe(PEERS_MAX);
  });

  it('takes the place of a dead one, of which nothing stays', () => {
    const d = scene.dead('d');
    scene.fill();
    const { forgotten, changedMembers, disconnects } = scene.effectsOf((step) =>
      scene.acquaintances.connected('x', step),
    );
    expect([scene.isKept(d), scene.directory.member('d')]).toEqual([false, undefined]);
    expect(forgotten).toEqual([{ member: 'd', addresses: ['d:1'] }]);
    expect([...changedMembers]).toEqual(['d']);
    expect(disconnects).toEqual([]);
    expect(scene.peers.buriedSince('d', 1)).toBe(scene.now);
  });

  it('takes the place of one that is connected and says no hello, whose connection ends', () => {
    scene.fill(1);
    const mute = scene.connect('mute');
    mute?.connected({}, scene.now);
    const { forgotten, disconnects } = scene.effectsOf((step) => scene.acquaintances.connected('x', step));
    expect(disconnects).toEqual([
      { peer: 'mute', reason: 'no room for one that says no hello', refuseMs: 0 },
    ]);
    expect(forgotten).toEqual([]);
    expect(scene.isKnown('mute')).toBe(false);
  });
});

describe('whose words others hand on', () => {
  const handOn = (id: string): Peer | null => scene.acquaintances.heardOf(id, new Step(scene.now));

  it('is who it is, or a stranger that is kept as one that is named', () => {
    expect(handOn('a')).toBe(a);
    const stranger = handOn('x');
    if (stranger === null) throw new Error('there is room');
    scene.now += STRANGER_KEPT_MS - 1;
    scene.tick(stranger);
    expect(scene.isKept(stranger)).toBe(true);
    scene.now += 1;
    scene.tick(stranger);
    expect(scene.isKept(stranger)).toBe(false);
  });

  it('is who it is also where there is no room', () => {
    scene.fill();
    expect([handOn('live9')?.id, handOn('more')]).toEqual(['live9', null]);
  });

  it('takes the place of a dead one, and none of one that was not dialled yet', () => {
    const d = scene.dead('d');
    scene.fill(1);
    scene.tell(a, named('untried'));
    expect([handOn('x')?.id, scene.isKept(d)]).toEqual(['x', false]);
    expect([handOn('y'), scene.isKnown('untried')]).toEqual([null, true]);
  });
});

describe('who is gone', () => {
  function claim(id: string): void {
    const entries = [{ version: 1, kind: 'claim', claim: claimOf('one') } as const];
    scene.directory.apply({ member: id, generation: 1, from: 0, to: 1, entries });
  }

  /** How often a member's claims were dropped from now on. */
  function voids(): { readonly count: number } {
    const seen = { count: 0 };
    const nothing = (): void => {};
    scene.directory.observe({
      deltaApplied: nothing,
      memberReplaced: nothing,
      livenessSet: nothing,
      reachSet: nothing,
      memberForgotten: nothing,
      claimsVoided: () => {
        seen.count += 1;
      },
    });
    return seen;
  }

  it('keeps its claims for a time, to catch up by what changed; its news go with them', () => {
    const d = scene.alive('d');
    claim('d');
    d.envelopes.keep({ member: 'd', generation: 1, from: 0, to: 1, entries: [] }, new Uint8Array(3));
    scene.tick(d);
    scene.die(d);
    const voided = voids();
    scene.now += GONE_KEPT_MS - 1;
    scene.tick(d);
    expect([scene.directory.position('d').version, d.envelopes.count, voided.count]).toEqual([1, 1, 0]);
    scene.now += 1;
    scene.tick(d);
    expect([scene.directory.position('d').version, d.envelopes.count]).toEqual([0, 0]);
    scene.tick(d);
    expect(voided.count).toBe(1);
  });

  it('is forgotten after an hour, with where it was', () => {
    const d = scene.dead('d');
    scene.now += FORGET_AFTER_MS - 1;
    expect([scene.tick(d).forgotten, scene.isKept(d)]).toEqual([[], true]);
    scene.now += 1;
    expect(scene.tick(d).forgotten).toEqual([{ member: 'd', addresses: ['d:1'] }]);
    expect(scene.isKept(d)).toBe(false);
  });

  it('is forgotten an hour after somebody vouched for it', () => {
    const d = scene.dead('d');
    scene.now += 1_000;
    scene.tell(a, heard('d'));
    scene.now += FORGET_AFTER_MS - 1;
    scene.tick(d);
    expect(scene.isKept(d)).toBe(true);
    scene.now += 1;
    scene.tick(d);
    expect(scene.isKept(d)).toBe(false);
  });

  it('is not forgotten while it is connected, nor is who lives', () => {
    const d = scene.dead('d');
    d.connected({}, scene.now);
    const outOfReach = scene.alive('out of reach');
    outOfReach.disconnected(scene.now);
    outOfReach.judged('unreachable', scene.now);
    const all = [a, d, outOfReach];
    scene.now += 2 * FORGET_AFTER_MS;
    for (const peer of all) scene.tick(peer);
    expect(all.map((peer) => scene.isKept(peer))).toEqual([true, true, true]);
  });
});

describe('where a member was', () => {
  const arrive = (peer: Peer): Step['effects'] =>
    scene.effectsOf((step) => scene.acquaintances.arrived(peer, step));
  const go = (peer: Peer): Step['effects'] => scene.effectsOf((step) => scene.acquaintances.went(peer, step));
  const REPLACED = {
    level: 'info',
    msg: 'member replaced',
    fields: { member: 'd', memberName: 'name of d', by: 'new', byName: 'name of new', address: 'd:1' },
  };

  it('another one takes its place, and people are told', () => {
    const d = scene.dead('d');
    const { facts, forgotten } = arrive(scene.alive('new', ['d:1'], 'd:1'));
    expect(facts).toEqual([REPLACED]);
    expect(forgotten).toEqual([{ member: 'd', addresses: ['d:1'] }]);
    expect(scene.isKept(d)).toBe(false);
  });

  it('another one may be already when it goes', () => {
    const d = scene.alive('d');
    const successor = scene.alive('new', ['d:1'], 'd:1');
    expect(arrive(successor).facts).toEqual([]);
    expect(go(d).facts).toEqual([]);
    scene.die(d);
    expect(go(d).facts).toEqual([REPLACED]);
    expect(scene.isKept(d)).toBe(false);
  });

  it('nobody takes its place while it is connected, or is a suspect', () => {
    const d = scene.alive('d');
    const successor = scene.alive('new', ['d:1'], 'd:1');
    d.judged('dead', scene.now);
    for (const effects of [arrive(successor), go(d)]) expect(effects.facts).toEqual([]);
    const s = scene.alive('s');
    s.disconnected(scene.now);
    s.judged('suspect', scene.now);
    for (const effects of [arrive(scene.alive('other', ['s:1'], 's:1')), go(s)])
      expect(effects.facts).toEqual([]);
    expect([scene.isKept(d), scene.isKept(s)]).toEqual([true, true]);
  });

  it.each([
    ['is elsewhere', ['new:1'], 'new:1'],
    ['says so, and was not reached there', ['d:1'], undefined],
    ['was reached there, and says that it is elsewhere', ['new:1'], 'd:1'],
  ])('nobody takes its place who %s', (_, addresses, dialled) => {
    const d = scene.dead('d');
    const successor = scene.alive('new', addresses, dialled);
    for (const effects of [arrive(successor), go(d)]) expect(effects.facts).toEqual([]);
    expect(scene.isKept(d)).toBe(true);
  });

  it('nobody takes its place who is not heard any more', () => {
    const d = scene.dead('d');
    const successor = scene.alive('new', ['d:1'], 'd:1');
    scene.now += 1_800;
    successor.noteHeard(scene.now);
    for (const effects of [arrive(successor), go(d)]) expect(effects.facts).toEqual([]);
    expect(scene.isKept(d)).toBe(true);
  });

  it('a stranger is none any more where another one is all that is there', () => {
    scene.tell(a, named('taken', { addresses: ['d:1'] }), named('nowhere', { addresses: [] }));
    scene.tell(
      a,
      heard('vouched', { addresses: ['d:1', 'd:2'] }),
      named('unheard', { addresses: ['d:1', 'd:2'] }),
    );
    scene.peers.connected('connected', scene.now).connected({ dialled: 'd:1' }, scene.now);
    const { forgotten } = arrive(scene.alive('new', ['d:1'], 'd:1'));
    expect(['taken', 'nowhere', 'vouched', 'unheard', 'connected'].map((id) => scene.isKnown(id))).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
    expect(forgotten).toEqual([]);
  });
});
