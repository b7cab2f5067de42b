import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { CONFIRM_MS } from './limits.js';
import { Peer } from './peer.js';
import { type Measure, takeRoundTrips, times } from './testing/take-round-trips.js';

const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
const ON_TIME = { lateMs: 0, usualMs: 5, usualShortestMs: 1, waitedMs: () => 0 };

/** One whose answers to heartbeats took so long. */
function peerAfter(...measures: readonly Measure[]): Peer {
  const peer = new Peer('peer', directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, ON_TIME, 0, 0);
  takeRoundTrips(peer, measures);
  return peer;
}

describe('patience with a member', () => {
  it.each([
    ['it', { ms: 301, lateMs: 300 }],
    ['this one', { ms: 301, ownLateMs: 300 }],
  ])('is that of a fast path as soon as %s is not late any more', (_, measure) => {
    expect(peerAfter(...times(16, measure)).leeway).toMatchObject({ silenceMs: 0, deadMs: 0 });
  });

  it('is that of a slow path also where that was measured by who was late', () => {
    const { leeway } = peerAfter(...times(16, { ms: 600, lateMs: 300 }));
    expect(leeway.silenceMs).toBeGreaterThan(300);
    expect(leeway.deadMs).toBeGreaterThan(2_000);
  });

  it('that lost another one lasts no longer than what disturbs its path', () => {
    const cut = [{ ms: 1 }, ...times(8, { ms: 1_500 })];
    expect(peerAfter(...cut, { ms: 1 }).witnessLeewayMs).toBeGreaterThan(5_000);
    const healed = peerAfter(...cut, { ms: 1 }, { ms: 2 });
    expect(healed.witnessLeewayMs).toBe(0);
    // To be heard again itself it has the time that the estimate gives it.
    expect(healed.leeway.confirmMs).toBeGreaterThan(5 * CONFIRM_MS);
  });

  it('that lost another one is the longer the longer its path is', () => {
    const far = peerAfter(...times(16, { ms: 500 }));
    expect(far.witnessLeewayMs).toBe(far.leeway.confirmMs - CONFIRM_MS);
    expect(far.witnessLeewayMs).toBeGreaterThan(5_000);
  });
});
