import { NO_LOAD } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { type HeartbeatState, Heartbeats } from './heartbeats.js';
import { TELL_GAP_MS, TOLD_GAP_MS } from './limits.js';
import type { Heartbeat } from './messages.js';
import type { Peer } from './peer.js';
import { Step } from './step.js';
import { meet, peersOf } from './testing/met-peers.js';

const INTERVAL_MS = 800;
const position = { generation: 1, version: 1 };

/** A member with some connected ones. `phase`: when its first round is, in intervals. */
function memberWith(
  self: string,
  ids: readonly string[],
  phase = 0,
  tell: () => HeartbeatState = () => ({ position, load: NO_LOAD }),
) {
  const peers = peersOf(self);
  for (const id of ids) meet(peers, id);
  return { self, peers, heartbeats: new Heartbeats(INTERVAL_MS, peers, tell, 0, phase) };
}

/** Member `m` with one connected member, whose id is greater or smaller than its own. */
function besides(id: 'a' | 'z'): { readonly heartbeats: Heartbeats; readonly peer: Peer } {
  const { heartbeats, peers } = memberWith('m', [id]);
  return { heartbeats, peer: peers.get(id) as Peer };
}

/** Members whose rounds begin at different moments, on paths that take no time: when each has spoken to one that is there, ms. */
function spoken(ids: readonly string[], untilMs: number, isThere: (id: string, now: number) => boolean) {
  const times = new Map<string, number[]>(ids.map((id) => [id, []]));
  const members = ids.map((self, index) =>
    memberWith(
      self,
      ids.filter((id) => id !== self),
      index / ids.length,
    ),
  );
  const carryOut = (self: string, { now, effects }: Step): void => {
    for (const { to } of effects.sends) {
      const { peers, heartbeats } = members[ids.indexOf(to)] ?? {};
      const speaker = peers?.get(self);
      if (speaker === undefined || !isThere(to, now)) continue;
      if (times.get(self)?.at(-1) !== now) times.get(self)?.push(now);
      speaker.detector.heard(now);
      speaker.detector.spoke(now);
      speaker.noteHeard(now);
      const answer = new Step(now);
      heartbeats?.answer(speaker, false, answer);
      heartbeats?.follow(speaker, answer);
      carryOut(to, answer);
    }
  };
  for (let now = 0; now < untilMs; now += 10)
    for (const { self, peers, heartbeats } of members) {
      // Each has ticks of its own.
      if ((now + 30 * ids.indexOf(self)) % 200 !== 0 || !isThere(self, now)) continue;
      for (const peer of peers) peer.noteHeard(now);
      const step = new Step(now);
      heartbeats.tick(step);
      carryOut(self, step);
    }
  return (id: string, fromMs: number): readonly number[] =>
    (times.get(id) ?? []).filter((at) => at >= fromMs);
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

  it('are told by all at the moment of the smallest id, soon after they met', () => {
    const by = spoken(['a', 'b', 'c', 'd'], 20_000, () => true);
    expect(by('a', 4_000)).toHaveLength(16_000 / INTERVAL_MS);
    for (const id of ['b', 'c', 'd']) expect(by(id, 4_000)).toEqual(by('a', 4_000));
  });

  it('go on at the moment of the next one where that one is not heard any more, and nobody is silent for long', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const by = spoken(ids, 20_000, (id, now) => id !== 'a' || now < 6_000);
    for (const id of ['c', 'd']) expect(by(id, 12_000)).toEqual(by('b', 12_000));
    for (const id of ['b', 'c', 'd'])
      for (const [index, at] of by(id, INTERVAL_MS).slice(1).entries())
        expect(at - (by(id, INTERVAL_MS)[index] ?? 0)).toBeLessThanOrEqual(1.25 * INTERVAL_MS + 200);
  });

  it('are no more than a third more often where the one that leads speaks all the time', () => {
    const { heartbeats, peers } = memberWith('m', ['a', 'z']);
    let sent = 0;
    for (let now = 0; now < 60 * INTERVAL_MS; now += 10) {
      sent += count(now, (step) => heartbeats.follow(peers.get('a') as Peer, step));
    }
    expect(sent).toBe(60 / 0.75);
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

  it('begin at the moment of the first interval that was drawn for this member', () => {
    const { heartbeats } = memberWith('m', ['z'], 0.5);
    expect(count(INTERVAL_MS / 2 - 1, (step) => heartbeats.tick(step))).toBe(0);
    expect(count(INTERVAL_MS / 2, (step) => heartbeats.tick(step))).toBe(1);
  });

  it('are not made up for after this process stood still', () => {
    const { heartbeats } = besides('z');
    const sentAt = [0, 10_000, 10_200, 10_400, 10_600, 10_800, 11_000, 11_200].filter(
      (now) => count(now, (step) => heartbeats.tick(step)) > 0,
    );
    expect(sentAt).toEqual([0, 10_000, 10_400, 11_200]);
  });

  it('go to nobody who has not greeted, whatever they are for', () => {
    const { heartbeats, peers } = memberWith('m', []);
    const strangers = ['a', 'z'].map((id) => peers.connected(id, 0));
    heartbeats.tellSoon();
    const sent = count(1_000, (step) => {
      heartbeats.tick(step);
      heartbeats.tellDue(step);
      for (const stranger of strangers) heartbeats.tell(stranger, step);
    });
    expect(sent).toBe(0);
  });

  it('go out of turn to one that has greeted', () => {
    const { heartbeats, peer } = besides('z');
    expect(count(0, (step) => heartbeats.tell(peer, step))).toBe(1);
    expect(count(1, (step) => heartbeats.tell(peer, step))).toBe(1);
  });

  it.each([
    ['the smallest id that is heard', true, 0],
    ['the next one where that is not heard', false, 1],
  ])('follow the round of %s', (_, isHeard, sent) => {
    const { heartbeats, peers } = memberWith('m', ['a', 'c', 'z']);
    if (isHeard) peers.get('a')?.noteHeard(0);
    expect(count(0, (step) => heartbeats.follow(peers.get('c') as Peer, step))).toBe(sent);
  });

  it('are answered again after a fifth of an interval', () => {
    const { heartbeats, peer } = besides('a');
    heartbeats.tick(new Step(0));
    expect(count(INTERVAL_MS / 5 - 1, (step) => heartbeats.answer(peer, false, step))).toBe(0);
    expect(count(INTERVAL_MS / 5, (step) => heartbeats.answer(peer, false, step))).toBe(1);
  });

  it('say how this member is, and echo the last one heard with how long it was held', () => {
    const state = { position, load: NO_LOAD, hears: Uint8Array.of(1, 2), lateMs: 7 };
    const { heartbeats, peers } = memberWith('m', ['a'], 0, () => state);
    const peer = peers.get('a') as Peer;
    const said = (now: number) => {
      const step = new Step(now);
      heartbeats.tell(peer, step);
      return step.effects.sends;
    };
    expect(said(1_000)).toEqual([
      { to: 'a', message: { kind: 'heartbeat', ...state, sentAt: 1_000, echo: null } },
    ]);
    peer.heartbeats.heard(heartbeat, 0, 1_100);
    expect(said(1_150)).toEqual([
      { to: 'a', message: { kind: 'heartbeat', ...state, sentAt: 1_150, echo: { sentAt: 5, heldMs: 50 } } },
    ]);
  });

  it('say nothing new of whom this member hears where it does not know', () => {
    const hears = Uint8Array.of(1, 2);
    let state: HeartbeatState = { position, load: NO_LOAD, hears };
    const { heartbeats, peers } = memberWith('m', ['a'], 0, () => state);
    const peer = peers.get('a') as Peer;
    heartbeats.tell(peer, new Step(0));
    expect(peer.told).toBe(hears);
    state = { position, load: NO_LOAD };
    heartbeats.tell(peer, new Step(1));
    expect(peer.told).toBe(hears);
  });
});
