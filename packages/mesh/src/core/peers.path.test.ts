import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { greet } from './testing/greet.js';
import { takeRoundTrips, times } from './testing/take-round-trips.js';

const AT = 50_000;

let lateness: { ms: number };
let peers: Peers;

beforeEach(() => {
  lateness = { ms: 0 };
  const directory = new Directory('m', profileOf('m'), { membersMax: 8, streamsPerMemberMax: 8 });
  peers = new Peers(directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, lateness, () => 0);
});

/** One that greeted, and whose answers took so long each time. */
function metAt(ms: number, measures = 16): Peer {
  const peer = peers.connected(`at ${ms} ms`, AT);
  greet(peer, 1, AT);
  takeRoundTrips(peer, times(measures, { ms }));
  return peer;
}

const expectedOf = (peer: Peer): number | null => peer.heartbeats.roundTrip.expectedMs;

describe('what is usual on the way to others', () => {
  it('is unknown until somebody was measured', () => {
    peers.tick(AT);
    metAt(0, 0);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([null, null]);
  });

  it('is the median, so that one on a long path does not change it', () => {
    metAt(800);
    metAt(9);
    const usual = metAt(10);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([expectedOf(usual), 10]);
  });

  it('is the longer one of two', () => {
    const longer = metAt(100);
    metAt(20);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([expectedOf(longer), 100]);
  });

  it('is asked of nobody who is not connected, but what was usual before stays where nobody is', () => {
    const [near, far] = [metAt(10), metAt(100)];
    far.disconnected(AT);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([expectedOf(near), 10]);
    near.disconnected(AT);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([expectedOf(near), 10]);
  });

  it('is with few measures, which may be those of a busy moment, the shortest ever seen', () => {
    const peer = metAt(80, 2);
    metAt(200, 1);
    peers.tick(AT);
    expect(peers.usualShortestMs).toBe(80);
    peer.disconnected(AT);
    peers.tick(AT);
    expect(peers.usualShortestMs).toBe(80);
    metAt(30, 1);
    peers.tick(AT);
    expect(peers.usualShortestMs).toBe(30);
    // Four are sure.
    metAt(60, 4);
    peers.tick(AT);
    expect(peers.usualShortestMs).toBe(60);
  });

  it('is told by no single measure so long that the path was more likely disturbed', () => {
    metAt(1_500, 1);
    peers.tick(AT);
    expect([peers.usualMs, peers.usualShortestMs]).toEqual([null, null]);
  });

  it('is what a member is given that was not measured itself', () => {
    metAt(400);
    peers.tick(AT);
    const stranger = peers.connected('stranger', AT);
    expect(stranger.leeway).toEqual(peers.get('at 400 ms')?.leeway);
  });
});

describe('this member itself', () => {
  it('is as late as it is measured now', () => {
    lateness.ms = 30;
    expect(peers.lateMs).toBe(30);
    const before = metAt(10).leeway.silenceMs;
    lateness.ms = 300;
    expect(peers.get('at 10 ms')?.leeway.silenceMs).toBe(before + 270);
  });

  it('that stood still takes what comes right after for as old as that may be', () => {
    expect(peers.waitedMs(AT)).toBe(0);
    const peer = peers.connected('late', AT);
    const now = AT + 5_000;
    peers.excuse(3_000, now);
    expect([now, now + 99, now + 100].map((at) => peers.waitedMs(at))).toEqual([3_000, 3_000, 0]);
    greet(peer, 1, now);
    expect(peer.ownWordAt).toBe(now - 3_000);
  });

  it('that stood still excuses everybody', () => {
    const both = [metAt(10), metAt(20)];
    peers.excuse(3_000, AT + 5_000);
    expect(both.map(({ openedAt }) => openedAt)).toEqual([AT + 3_000, AT + 3_000]);
  });
});
