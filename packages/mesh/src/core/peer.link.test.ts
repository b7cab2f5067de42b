import { type Delta, Directory, OwnLog } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { CONFIRM_MS, LEFT_REST_MS, RETRY_MAX_MS } from './limits.js';
import { Peer } from './peer.js';
import { greet } from './testing/greet.js';
import { helloOf } from './testing/hello-of.js';

const PATIENCE = { suspectAfterMs: 1_800, deadAfterMs: 900 };
const GONE_MS = PATIENCE.suspectAfterMs + PATIENCE.deadAfterMs;
const DIAL_AT = 5_000;
const WORD = { hears: new Uint8Array(6), starts: new Set([1]), at: 100, saidAfter: 90 };

/** For how long what comes may have waited in a socket, ms. */
let waitedMs: number;
let peer: Peer;

beforeEach(() => {
  waitedMs = 0;
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
  const path = { lateMs: 0, usualMs: 5, usualShortestMs: 1, waitedMs: () => waitedMs };
  peer = new Peer('peer', directory, PATIENCE, path, DIAL_AT, 0);
});

const hello = (generation: number): void => greet(peer, generation, 100, { name: 'origin-a' });

/** Something of each kind that is under way with it: what it was asked, what it asked, and what waits for more. */
function begin(): void {
  const gap: Delta = { member: 'peer', generation: 1, from: 7, to: 8, entries: [] };
  peer.follower.news(gap, 100);
  peer.answering.begin(new OwnLog('self', 1, 10), {
    kind: 'pull',
    pull: 1,
    held: { generation: 0, version: 0 },
  });
  peer.questions.ask({ kind: 'ask', ask: 1, owner: 'other', held: { generation: 1, version: 0 } }, 100);
  const position = { generation: 1, version: 0 };
  const load = { players: 0, publishers: 0, outboundKbps: 0 };
  peer.heartbeats.heard({ kind: 'heartbeat', position, load, sentAt: 50, echo: null }, 0, 100);
  peer.says(WORD);
  peer.told = WORD.hears;
  peer.holds = 3;
}

const underWay = () => ({
  deltas: peer.follower.pendingCount,
  answer: peer.answering.isDue,
  question: peer.questions.last !== null,
  echo: peer.heartbeats.echo(100) !== null,
  word: peer.word,
  told: peer.told,
  holds: peer.holds,
});

const ALL = { deltas: 1, answer: true, question: true, echo: true, word: WORD, told: WORD.hears, holds: 3 };

describe('the link with a member', () => {
  it('is open since its newest connection, which says where it is', () => {
    peer.redial.started(40);
    peer.connected({ dialled: 'a:7946' }, 50);
    expect([peer.openedAt, peer.whereabouts, peer.addresses]).toEqual([
      50,
      { dialled: 'a:7946' },
      ['a:7946'],
    ]);
    peer.connected({ seenAs: '10.0.0.1' }, 60);
    expect([peer.openedAt, peer.whereabouts]).toEqual([60, { seenAs: '10.0.0.1' }]);
    // The dial is over, whichever side it came from.
    expect(peer.redial.isDue(DIAL_AT)).toBe(true);
  });

  it('is proved by its own word about where it is, and no longer than it stands', () => {
    peer.connected({ dialled: 'a:7946' }, 50);
    peer.greeted(helloOf('peer', { generation: 1, addresses: ['a:7946', 'b:7946'] }), 0, 50);
    expect([peer.announcedAddresses, peer.provedAddresses]).toEqual([['a:7946', 'b:7946'], ['a:7946']]);
    peer.disconnected(60);
    expect([peer.announcedAddresses, peer.provedAddresses]).toEqual([['a:7946', 'b:7946'], []]);
  });

  it('adds what others say of where it is until its own word comes', () => {
    expect([peer.heardOf(['x:7946']), peer.heardOf(['x:7946'])]).toEqual([true, false]);
    expect(peer.addresses).toEqual(['x:7946']);
    peer.connected({ dialled: 'x:7946' }, 50);
    peer.greeted(helloOf('peer', { generation: 1, addresses: ['a:7946'] }), 0, 50);
    expect(peer.addresses).toEqual(['a:7946', 'x:7946']);
  });

  it('that a new one replaces may have lost an answer with it: that is asked for again', () => {
    const pullAt = (now: number) => peer.follower.nextPull(now, true, now);
    peer.follower.told({ generation: 1, version: 1 }, 100);
    expect(pullAt(100)).not.toBeNull();
    peer.connected({}, 110);
    expect(pullAt(110)).toBeNull();
    peer.connected({}, 120);
    expect(pullAt(120)).not.toBeNull();
  });

  it('ends with all that was under way on it', () => {
    hello(1);
    begin();
    peer.disconnected(200);
    expect(underWay()).toEqual({
      deltas: 0,
      answer: false,
      question: false,
      echo: false,
      word: null,
      told: null,
      holds: 3,
    });
  });

  it('goes on where the same start greets again', () => {
    hello(1);
    begin();
    peer.greeted(helloOf('peer', { generation: 1 }), 1, 200);
    expect(underWay()).toEqual(ALL);
  });

  it('begins anew with another start: what the earlier one was asked and told, and what it said, is void', () => {
    hello(1);
    begin();
    peer.greeted(helloOf('peer', { generation: 2 }), 1, 200);
    expect(underWay()).toMatchObject({ deltas: 0, echo: false, word: null, told: null, holds: 0 });
  });

  it('is given up once, until it greets again', () => {
    expect(peer.giveUpLink()).toBe(false);
    peer.connected({}, 100);
    expect(peer.giveUpLink()).toBe(false);
    peer.greeted(helloOf('peer', { generation: 1 }), 0, 100);
    expect([peer.giveUpLink(), peer.giveUpLink()]).toEqual([true, false]);
    peer.greeted(helloOf('peer', { generation: 1 }), 1, 200);
    expect(peer.giveUpLink()).toBe(true);
    peer.disconnected(300);
    hello(1);
    expect(peer.giveUpLink()).toBe(true);
  });

  it.each<[string, () => void, object]>([
    [
      'of who was heard: it is lost since then',
      () => {},
      { kind: 'lost', lostAt: 200, until: 200 + CONFIRM_MS },
    ],
    [
      'of who is heard by others alone: nothing new',
      () => peer.judged('unreachable', 150),
      { kind: 'heard' },
    ],
    ['of a suspect: it is lost since then', () => peer.judged('suspect', 150), { kind: 'lost', lostAt: 200 }],
  ])('closes, %s', (_, happens, evidence) => {
    hello(1);
    happens();
    peer.disconnected(200);
    expect(peer.evidence(200)).toMatchObject(evidence);
  });

  it('that closes long after the member fell silent says nothing of when it was lost', () => {
    hello(1);
    peer.disconnected(100 + GONE_MS);
    expect(peer.evidence(100 + GONE_MS)).toEqual({ kind: 'gone', lostAt: null });
  });
});

describe('a hello', () => {
  it('ends what others say of hearing it, and whatever was held against it', () => {
    peer.vouch.give('other', 50);
    peer.detector.hearsUs(false, 50);
    hello(1);
    expect([peer.vouch.by(100), peer.evidence(100).kind]).toEqual([null, 'heard']);
  });

  it('is as old as it may have waited in a socket', () => {
    waitedMs = 70;
    greet(peer, 1, 1_000);
    expect(peer.ownWordAt).toBe(930);
  });

  it('makes its connection worth to be made anew at once', () => {
    hello(1);
    peer.redial.lost(10_000, RETRY_MAX_MS, 0);
    expect(peer.redial.nextAt).toBe(10_000);
  });
});

describe('a member that goes', () => {
  it('on purpose is asked nothing more, handed on no more, and not dialled for a while', () => {
    hello(1);
    begin();
    peer.envelopes.keep({ member: 'peer', generation: 1, from: 0, to: 1, entries: [] }, new Uint8Array(8));
    expect(peer.envelopes.count).toBe(1);
    peer.left(1, 300);
    expect(underWay().deltas).toBe(0);
    expect([peer.envelopes.count, peer.redial.nextAt]).toEqual([0, 300 + LEFT_REST_MS]);
  });

  it('and is forgotten is asked and answered nothing more', () => {
    hello(1);
    begin();
    peer.forgotten();
    expect(underWay()).toMatchObject({ deltas: 0, answer: false });
  });
});
