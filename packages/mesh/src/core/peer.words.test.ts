import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { leewayOf } from './leeway.js';
import { CONFIRM_MS, PULL_DEADLINE_MS } from './limits.js';
import { digestNumber, startDigest } from './member-digest.js';
import { Peer } from './peer.js';
import { greet } from './testing/greet.js';
import { takeRoundTrips, times } from './testing/take-round-trips.js';

const PATIENCE = { suspectAfterMs: 1_800, deadAfterMs: 900 };
const AT = 50_000;
const SILENT_AT = AT + PATIENCE.suspectAfterMs;
const WORD = { hears: new Uint8Array(6), starts: new Set([1]), at: AT, saidAfter: AT - 10 };

/** This member's own end, as the test sets it. */
let path: { lateMs: number; usualMs: number | null; usualShortestMs: number | null; waitedMs: () => number };
let peer: Peer;

beforeEach(() => {
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
  path = { lateMs: 0, usualMs: 5, usualShortestMs: 1, waitedMs: () => 0 };
  peer = new Peer('peer', directory, PATIENCE, path, 0, AT);
});

const isHeardAt = (now: number): boolean => {
  peer.noteHeard(now);
  return peer.isHeard;
};

describe('the digest of a member', () => {
  it('stands for the start that greeted last', () => {
    expect(peer.digest).toEqual(startDigest('peer', 0));
    greet(peer, 7, AT);
    expect(peer.digest).toEqual(startDigest('peer', 7));
    expect(peer.digestNumber).toBe(digestNumber(startDigest('peer', 7)));
    expect(peer.digestOf(8)).toEqual(startDigest('peer', 8));
    expect(peer.digestNumberOf(8)).toBe(digestNumber(startDigest('peer', 8)));
  });

  it('is made once, and kept of a few starts only, whatever others name', () => {
    const kept = [1, 2, 3, 4].map((generation) => peer.digestOf(generation));
    for (const [index, digest] of kept.entries()) expect(peer.digestOf(index + 1)).toBe(digest);
    const fifth = peer.digestOf(5);
    expect(peer.digestOf(5)).toBe(fifth);
    expect(peer.digestOf(1)).not.toBe(kept[0]);
    expect(peer.digestOf(1)).toEqual(kept[0]);
  });
});

describe('whether a member is heard', () => {
  it('others are told of the start that is, no longer than its silence may be', () => {
    greet(peer, 7, AT);
    expect([peer.isHeard, peer.heardDigest]).toEqual([false, null]);
    expect(isHeardAt(SILENT_AT - 1)).toBe(true);
    expect(peer.heardDigest).toEqual(startDigest('peer', 7));
    expect(isHeardAt(SILENT_AT)).toBe(false);
    expect(peer.heardDigest).toBeNull();
  });

  it.each<[string, () => void]>([
    ['connected', () => peer.connected({}, AT)],
    [
      'left',
      () => {
        greet(peer, 7, AT);
        peer.left(7, AT);
      },
    ],
    [
      'greeted on a connection that is gone',
      () => {
        greet(peer, 7, AT);
        peer.disconnected(AT);
      },
    ],
  ])('who only %s is not', (_, happens) => {
    happens();
    expect(isHeardAt(AT)).toBe(false);
  });

  it('takes into account that its words are as old as their way is long', () => {
    takeRoundTrips(peer, times(4, { ms: 60 }));
    expect([peer.answerMs, peer.rttMs]).toEqual([60, 60]);
    greet(peer, 7, AT);
    expect([isHeardAt(SILENT_AT + 59), isHeardAt(SILENT_AT + 60)]).toEqual([true, false]);
  });

  it('takes an answer to come at once where that was never measured', () => {
    expect([peer.answerMs, peer.rttMs]).toEqual([0, null]);
    takeRoundTrips(peer, [{ ms: 60 }]);
    expect([peer.answerMs, peer.rttMs]).toEqual([0, 60]);
  });

  it('is known by its own words, be they spoken or signed', () => {
    greet(peer, 7, AT);
    peer.hadNews(AT - 5);
    expect(peer.ownWordAt).toBe(AT);
    peer.hadNews(AT + 5);
    expect(peer.ownWordAt).toBe(AT + 5);
  });
});

describe('what a member says of whom it hears', () => {
  it('counts no longer than its silence may last', () => {
    greet(peer, 7, AT);
    expect([peer.word, peer.wordAt(AT)]).toEqual([null, null]);
    peer.says(WORD);
    expect(peer.word).toBe(WORD);
    // Only a heartbeat says whom it hears: other words of it do not make that one younger.
    peer.detector.heard(SILENT_AT);
    expect([peer.wordAt(SILENT_AT - 1), peer.wordAt(SILENT_AT)]).toEqual([WORD, null]);
  });

  it('does not count while the member itself is not heard', () => {
    greet(peer, 7, AT);
    peer.says(WORD);
    peer.detector.hearsUs(false, AT);
    expect(peer.wordAt(AT)).toBeNull();
    peer.detector.hearsUs(true, AT);
    expect(peer.wordAt(AT)).toBe(WORD);
  });

  it('is kept for as long as a suspect has', () => {
    const deadAt = SILENT_AT + PATIENCE.deadAfterMs;
    expect(peer.isWordKept(AT)).toBe(false);
    peer.says(WORD);
    expect([AT, deadAt - 1, deadAt].map((now) => peer.isWordKept(now))).toEqual([true, true, false]);
  });
});

describe('a standstill of this member', () => {
  it('makes what was opened and said before it younger by as much', () => {
    peer.connected({}, AT);
    peer.says(WORD);
    peer.witnessedAt = AT;
    peer.excuse(3_000, AT + 3_500);
    expect(peer.openedAt).toBe(AT + 3_000);
    expect(peer.word).toEqual({ ...WORD, at: AT + 3_000 });
    expect(peer.witnessedAt).toBe(AT + 3_000);
  });

  it('makes nothing younger than now', () => {
    peer.connected({}, AT);
    peer.says(WORD);
    peer.witnessedAt = AT;
    peer.excuse(3_000, AT + 100);
    expect([peer.openedAt, peer.word?.at, peer.witnessedAt]).toEqual([AT + 100, AT + 100, AT + 100]);
  });

  it('makes up nothing that was not said', () => {
    peer.excuse(3_000, AT + 3_500);
    expect([peer.word, peer.witnessedAt]).toEqual([null, null]);
  });

  it('excuses silence, unfinished answers, and a dial that failed', () => {
    greet(peer, 7, AT);
    peer.follower.told({ generation: 7, version: 1 }, AT);
    expect(peer.follower.nextPull(1, true, AT)).not.toBeNull();
    const now = AT + PULL_DEADLINE_MS;
    expect([peer.evidence(now).kind, peer.redial.isExcused(now)]).toEqual(['gone', false]);
    peer.excuse(3_000, now);
    expect([peer.evidence(now).kind, peer.redial.isExcused(now)]).toEqual(['heard', true]);
    // Not asked again while the answer may still come.
    expect(peer.follower.nextPull(2, true, now)).toBeNull();
  });

  it('is no part of the round trip', () => {
    peer.heartbeats.spoke(AT);
    peer.excuse(3_000, AT + 3_000);
    const position = { generation: 7, version: 0 };
    const load = { players: 0, publishers: 0, outboundKbps: 0 };
    const echo = { sentAt: AT, heldMs: 0 };
    peer.heartbeats.heard({ kind: 'heartbeat', position, load, sentAt: 0, echo }, 0, AT + 3_000);
    expect(peer.rttMs).toBeNull();
  });
});

describe('patience with a member that was not measured yet', () => {
  it('is that with others as far away as is usual', () => {
    Object.assign(path, { usualMs: 600, usualShortestMs: 500 });
    expect(peer.leeway).toEqual(leewayOf({ shortestMs: 500, expectedMs: 600 }, 0, 0));
    expect(peer.witnessLeewayMs).toBe(peer.leeway.confirmMs - CONFIRM_MS);
  });

  it('is that of a path that may be slow where nobody was', () => {
    Object.assign(path, { usualMs: null, usualShortestMs: null });
    expect(peer.leeway).toEqual(leewayOf(null, 0, 0));
    expect(peer.witnessLeewayMs).toBe(leewayOf(null, 0, 0).confirmMs - CONFIRM_MS);
  });

  it.each<[string, () => void]>([
    ['what is expected of the path', () => Object.assign(path, { usualMs: 900 })],
    ['what the path takes at least', () => Object.assign(path, { usualShortestMs: 200 })],
    ['how late it is', () => Object.assign(peer, { lateMs: 400 })],
    ['how late this one is', () => Object.assign(path, { lateMs: 400 })],
  ])('follows %s', (_, change) => {
    Object.assign(path, { usualMs: 600, usualShortestMs: 500 });
    const before = peer.leeway;
    expect(peer.leeway).toBe(before);
    change();
    const { usualMs, usualShortestMs, lateMs } = path;
    const now = { shortestMs: usualShortestMs ?? 0, expectedMs: usualMs ?? 0 };
    expect(peer.leeway).not.toEqual(before);
    expect(peer.leeway).toEqual(leewayOf(now, peer.lateMs, lateMs));
  });
});
