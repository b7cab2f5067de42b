import type { OwnerPolicy } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import type { Fact } from './effects.js';
import { checkOrder } from './order-check.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { Step } from './step.js';
import { KnownPeers } from './testing/known-peers.js';
import { VirtualMesh } from './testing/virtual-mesh.js';

const MSG = 'play.order differs between members';

it('warns on both sides, once per member, where members order owners differently', () => {
  const mesh = new VirtualMesh(1, ['a:1']);
  mesh.start('a');
  mesh.start('b', { order: 'spread' });
  mesh.start('c', { order: 'primary' });
  mesh.run(3_000);
  const told = (name: string): unknown[] =>
    mesh
      .member(name)
      .facts.filter(({ msg }) => msg === MSG)
      .map(({ level, fields: { member, ownOrder, otherOrder } }) => [level, member, ownOrder, otherOrder]);
  const expected = {
    a: [['warn', 'b', 'primary', 'spread']],
    b: [
      ['warn', 'a', 'spread', 'primary'],
      ['warn', 'c', 'spread', 'primary'],
    ],
    c: [['warn', 'b', 'primary', 'spread']],
  };
  const all = () => ({ a: told('a'), b: told('b').sort(), c: told('c') });
  expect(all()).toEqual(expected);

  // Greeted again after a cut, and after restarts with either order: nothing new.
  mesh.cut('a', 'b');
  mesh.run(5_000);
  mesh.heal();
  mesh.run(5_000);
  expect(all()).toEqual(expected);
  mesh.kill('b');
  mesh.start('b', { order: 'primary' });
  mesh.run(5_000);
  expect(all()).toEqual(expected);
  mesh.kill('b');
  mesh.start('b', { order: 'spread' });
  mesh.run(5_000);
  expect({ a: told('a'), c: told('c') }).toEqual({ a: expected.a, c: expected.c });
});

describe('checkOrder', () => {
  /** What people are told, as this member orders by `primary`. */
  function toldOf(peer: Peer, peers: Peers, order: OwnerPolicy | undefined): readonly Fact[] {
    const step = new Step(10_000);
    checkOrder('primary', order, peer, peers, step);
    return step.effects.facts;
  }

  it('names the member, both orders, what follows and what to do', () => {
    const { peers } = new KnownPeers();
    const x = peers.connected('x', 0);
    const told = {
      level: 'warn',
      msg: MSG,
      fields: {
        member: 'x',
        memberName: 'x',
        ownOrder: 'primary',
        otherOrder: 'spread',
        reason: 'these two members prefer different owners of one stream',
        hint: 'set play.order to the same value on every member, and reload those that had another one',
      },
    };
    const orders = [undefined, 'primary', 'spread', 'spread'] as const;
    expect(orders.map((order) => toldOf(x, peers, order))).toEqual([[], [], [told], []]);
  });
});
