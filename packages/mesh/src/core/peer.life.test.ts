import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { VERSIONS_REST_MS } from './limits.js';
import { Peer } from './peer.js';
import { greet } from './testing/greet.js';
import { helloOf } from './testing/hello-of.js';

const PATIENCE = { suspectAfterMs: 1_800, deadAfterMs: 900 };
const DIAL_AT = 5_000;
const WORD = { hears: new Uint8Array(6), starts: new Set([1]), at: 100, saidAfter: 90 };

let peer: Peer;

beforeEach(() => {
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
  const path = { lateMs: 0, usualMs: 5, usualShortestMs: 1, waitedMs: () => 0 };
  peer = new Peer('peer', directory, PATIENCE, path, DIAL_AT, 0);
});

const hello = (generation: number): void => greet(peer, generation, 100, { name: 'origin-a' });

describe('where a member is in its life', () => {
  const STRANGER = {
    isConnected: false,
    isGreeted: false,
    isMet: false,
    hasLeft: false,
    goneSince: null,
    leftGeneration: 0,
    wasSynced: false,
  };
  const ALIVE = { ...STRANGER, isConnected: true, isGreeted: true, isMet: true };
  const DEAD = { ...STRANGER, isMet: true, goneSince: 200 };

  it.each<[string, () => void, Partial<typeof ALIVE> | typeof DEAD]>([
    ['that was only heard of: a stranger', () => {}, STRANGER],
    ['that connected: no more than that', () => peer.connected({}, 100), { ...STRANGER, isConnected: true }],
    ['that greeted: met', () => hello(1), ALIVE],
    [
      'that speaks no version in common: connected, but not met',
      () => {
        peer.connected({}, 100);
        peer.incompatible('origin-a', 'test 9', 100);
      },
      { ...STRANGER, isConnected: true },
    ],
    ['that others handed on: met without a link', () => peer.witnessed(100), { ...STRANGER, isMet: true }],
    [
      'whose connection closed: met',
      () => {
        hello(1);
        peer.disconnected(200);
      },
      { ...STRANGER, isMet: true },
    ],
    [
      'whose whole log is held: synced',
      () => {
        hello(1);
        peer.synced();
      },
      { ...ALIVE, wasSynced: true },
    ],
    [
      'judged suspect: not gone',
      () => {
        hello(1);
        peer.judged('suspect', 200);
      },
      ALIVE,
    ],
    [
      'judged dead: gone since then',
      () => {
        hello(1);
        peer.disconnected(150);
        peer.judged('dead', 200);
      },
      DEAD,
    ],
    [
      'that left: gone since then, as which start',
      () => {
        hello(4);
        peer.left(4, 200);
      },
      { ...ALIVE, hasLeft: true, goneSince: 200, leftGeneration: 4 },
    ],
  ])('%s', (_, happens, expected) => {
    happens();
    expect(peer).toMatchObject(expected);
  });

  it('is called by its id until it says its name', () => {
    expect(peer.name).toBe('peer');
    hello(1);
    expect(peer.name).toBe('origin-a');
  });

  it('has its present generation since it was met, and then since a newer one than was held came', () => {
    const helloAt = (generation: number, held: number, now: number): number => {
      peer.connected({}, now);
      peer.greeted(helloOf('peer', { generation: generation }), held, now);
      return peer.generationSince;
    };
    expect(helloAt(5, 7, 100)).toBe(100);
    expect(helloAt(5, 5, 200)).toBe(100);
    expect(helloAt(6, 5, 300)).toBe(300);
    expect(helloAt(5, 6, 400)).toBe(300);
    expect([peer.greetedAs, peer.generationSince]).toEqual([5, 300]);
  });
});

describe('a member that speaks other versions of the protocol', () => {
  const incompatible = (told: string, now: number): boolean => peer.incompatible('origin-b', told, now);

  it('is spoken to in the first version until it tells', () => {
    expect([peer.version, peer.incompatibleUntil]).toEqual([1, Number.NEGATIVE_INFINITY]);
    peer.agreedOn(2);
    expect(peer.version).toBe(2);
  });

  it('is let alone for a while, from the end of its connection on, and known by its name', () => {
    peer.connected({}, 50);
    peer.says(WORD);
    incompatible('test 9', 100);
    expect(peer).toMatchObject({
      name: 'origin-b',
      version: null,
      word: null,
      incompatibleUntil: 100 + VERSIONS_REST_MS,
      state: { link: { kind: 'incompatible', since: 100 } },
    });
    peer.disconnected(500);
    expect(peer.incompatibleUntil).toBe(500 + VERSIONS_REST_MS);
  });

  it('is told of to people once for each release of it', () => {
    const told = ['test 9', 'test 9', 'test 10', 'test 10', 'test 9'];
    expect(told.map((one) => incompatible(one, 100))).toEqual([true, false, true, false, true]);
  });

  it('is as any other once it was upgraded', () => {
    incompatible('test 9', 100);
    peer.agreedOn(1);
    expect([peer.version, peer.incompatibleUntil]).toEqual([1, Number.NEGATIVE_INFINITY]);
    hello(1);
    peer.disconnected(200);
    expect(peer.incompatibleUntil).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('a member that others hear', () => {
  it('is met as unreachable, was not heard here, and is dialled at once', () => {
    peer.witnessed(1_000);
    expect(peer.state.life).toEqual({ kind: 'unreachable', isSynced: false });
    expect([peer.witnessedAt, peer.redial.nextAt]).toEqual([1_000, 1_000]);
    expect([peer.ownWordAt, peer.evidence(1_000).kind]).toEqual([Number.NEGATIVE_INFINITY, 'gone']);
  });

  it('is not dialled sooner where no version is spoken by both', () => {
    peer.incompatible('origin-b', 'test 9', 100);
    peer.witnessed(1_000);
    expect(peer.redial.nextAt).toBe(DIAL_AT);
  });
});
