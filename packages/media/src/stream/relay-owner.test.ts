import { describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { fromWorker, relayOwners, routeOf } from './relay-owner.js';

const SIBLING = { worker: 2, path: '/run/2.sock' };

/** Whom to pull from; `*` is the worker. */
const order = (owners: Parameters<typeof relayOwners>[0], sibling: typeof SIBLING | null = SIBLING) =>
  relayOwners(owners, 'here', sibling).map((owner) => (owner.worker === undefined ? owner.member : '*'));

describe('relayOwners', () => {
  it('leaves out this member, where no other worker has the publisher', () => {
    expect(order([ownerOf('b'), ownerOf('here'), ownerOf('c')], null)).toEqual(['b', 'c']);
  });

  it('puts the worker before other members', () => {
    expect(order([ownerOf('b'), ownerOf('here'), ownerOf('c')])).toEqual(['*', 'b', 'c']);
    expect(order([ownerOf('here')])).toEqual(['*']);
    const silent = { silent: true };
    expect(order([ownerOf('b', silent), ownerOf('here', silent)])).toEqual(['*', 'b']);
  });

  it('puts it after those that flow where it is silent, and after those that stay where this member drains', () => {
    const silent = ownerOf('here', { silent: true });
    expect(order([ownerOf('b'), silent, ownerOf('c', { silent: true })])).toEqual(['b', '*', 'c']);
    expect(order([ownerOf('b'), silent])).toEqual(['b', '*']);
    const draining = ownerOf('here', { draining: true });
    expect(order([ownerOf('b'), ownerOf('c', { draining: true }), draining])).toEqual(['b', '*', 'c']);
    expect(order([draining, ownerOf('c', { silent: true })])).toEqual(['*', 'c']);
  });

  it('has nobody on this member where the directory has no claim of it', () => {
    expect(order([ownerOf('b')])).toEqual(['b']);
  });
});

it('tells routes apart by worker and by the member on the way', () => {
  const owner = ownerOf('a');
  const routes = [
    owner,
    { ...owner, through: 'b' },
    fromWorker(owner, SIBLING),
    fromWorker(owner, { ...SIBLING, worker: 3 }),
  ].map(routeOf);
  expect(new Set(routes).size).toBe(4);
  expect(routeOf({ ...owner, through: null })).toBe('a');
});
