import { Directory, NO_LOAD, ownerOrder } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { Heartbeats } from './heartbeats.js';
import { TELL_GAP_MS, TOLD_GAP_MS } from './limits.js';
import type { Heartbeat, Hello } from './messages.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Step } from './step.js';

const INTERVAL_MS = 800;
const position = { generation: 1, version: 1 };

/** Member `m` with one connected member, whose id is greater or smaller than its own. */
function besides(id: 'a' | 'z'): { readonly heartbeats: Heartbeats; readonly peer: Peer } {
  const limits = { membersMax: 8, streamsPerMemberMax: 8 };
  const directory = new Directory('m', profileOf('m'), limits, ownerOrder('primary', undefined));
  const peers = new Peers(directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, { ms: 0 }, () => 0);
  const peer = peers.connected(id, 0);
  const hello: Hello = { kind: 'hello', name: id, program: 'test', position, addresses: [], members: [] };
  peer.connected({}, 0);
  peer.greeted(hello, 0, 0);
  return { heartbeats: new Heartbeats(INTERVAL_MS, peers, () => ({ position, load: NO_LOAD }), 0, 0), peer };
}

/** How many heartbeats a step sends. */
function count(now: number, act: (step: Step) => void): number {
  const step = new Step(now);
  act(step);
  return step.effects.sends.length;
}

describe('Heartbeats', () => {
  it('go out each interval where this member has the smaller id', () => {
    const { heartbeats } = besides('z');
    const sentAt: number[] = [];
    for (let now = 0; now <= 3 * INTERVAL_MS; now += 200)
      if (count(now, (step) => heartbeats.tick(step)) > 0) sentAt.push(now);
    expect(sentAt).toEqual([0, 800, 1_600, 2_400]);
  });

  it('are answered at once by the greater id, which stays silent otherwise', () => {
    const { heartbeats, peer } = besides('a');
    heartbeats.tick(new Step(0));
    expect(count(790, (step) => heartbeats.answer(peer, false, step))).toBe(1);
    for (let now = 800; now < 790 + 1.25 * INTERVAL_MS; now += 200)
      expect(count(now, (step) => heartbeats.tick(step))).toBe(0);
  });

  it('do not wait for a member that is late', () => {
    const { heartbeats } = besides('a');
    expect(count(0, (step) => heartbeats.tick(step))).toBe(1);
    expect(count(1.25 * INTERVAL_MS, (step) => heartbeats.tick(step))).toBe(1);
  });

  const heartbeat: Heartbeat = { kind: 'heartbeat', position, load: NO_LOAD, sentAt: 5, echo: null };

  it('are not answered each time by one that is flooded with them', () => {
    const { heartbeats, peer } = besides('a');
    let answers = 0;
    for (let now = 0; now < 8_000; now += 1) {
      peer.heartbeats.heard(heartbeat, 0, now);
      answers += count(now, (step) => heartbeats.answer(peer, false, step));
    }
    expect(answers).toBe(50);
  });

  it('are answered by who spoke shortly before, if that had no echo of any', () => {
    const { heartbeats, peer } = besides('a');
    heartbeats.tick(new Step(1_000));
    peer.heartbeats.heard(heartbeat, 0, 1_010);
    expect(count(1_010, (step) => heartbeats.answer(peer, false, step))).toBe(1);
    expect(count(1_020, (step) => heartbeats.answer(peer, false, step))).toBe(0);
    // On the next connection it is as at first.
    peer.heartbeats.disconnected();
    expect(count(1_030, (step) => heartbeats.answer(peer, false, step))).toBe(0);
    heartbeats.tick(new Step(2_500));
    peer.heartbeats.heard(heartbeat, 0, 2_510);
    expect(count(2_510, (step) => heartbeats.answer(peer, false, step))).toBe(1);
  });

  it('are never answered by the smaller id, so that answers are not answered', () => {
    const { heartbeats, peer } = besides('z');
    expect(count(5_000, (step) => heartbeats.answer(peer, false, step))).toBe(0);
  });

  it('answer who waits for a word at once, whichever id is smaller, but not over and over', () => {
    const { heartbeats, peer } = besides('z');
    expect(count(100, (step) => heartbeats.answer(peer, true, step))).toBe(1);
    expect(count(100 + TOLD_GAP_MS - 1, (step) => heartbeats.answer(peer, true, step))).toBe(0);
    expect(count(100 + TOLD_GAP_MS, (step) => heartbeats.answer(peer, true, step))).toBe(1);
  });

  it('go to all at once where that is due, and the next time after a while', () => {
    const { heartbeats } = besides('z');
    expect(heartbeats.tellAt).toBeNull();
    expect(count(100, (step) => heartbeats.tellDue(step))).toBe(0);
    heartbeats.tellSoon();
    expect(count(100, (step) => heartbeats.tellDue(step))).toBe(1);
    heartbeats.tellSoon();
    expect(heartbeats.tellAt).toBe(100 + TELL_GAP_MS);
    expect(count(99 + TELL_GAP_MS, (step) => heartbeats.tellDue(step))).toBe(0);
    expect(count(100 + TELL_GAP_MS, (step) => heartbeats.tellDue(step))).toBe(1);
    expect(heartbeats.tellAt).toBeNull();
  });
});
