import { describe, expect, it } from 'vitest';
import {
  HUSH_FROM_MS,
  HUSH_MS,
  ROSTER_INTERVAL_MS,
  STALL_MS,
  STALL_TOLD_EVERY_MS,
  TELL_GAP_MS,
  TICK_MS,
} from './limits.js';
import { includesDigest, startDigest } from './member-digest.js';
import type { Heartbeat } from './messages.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';
const STALLED = 'event loop stalled';

/** Nothing comes in, and no tick, until the next one is so late. */
function stall(solo: SoloCore, ms: number) {
  solo.now += TICK_MS + ms;
  return solo.tick();
}

const hearsIn = ({ hears }: Heartbeat, id: string): boolean =>
  hears !== undefined && includesDigest(hears, startDigest(id, 1));

describe('a member that stood still', () => {
  it.each([
    ['says so', STALL_MS, 1],
    ['does not where that was short', STALL_MS - 1, 0],
  ])('%s', (_, ms, lines) => {
    const solo = SoloCore.settled('a');
    stall(solo, ms);
    expect(solo.told(STALLED)).toHaveLength(lines);
  });

  it('says for how long, in whole ms', () => {
    const solo = SoloCore.settled('a');
    const { facts } = stall(solo, 400.4);
    expect(facts).toEqual([
      {
        level: 'warn',
        msg: STALLED,
        fields: { stalledMs: 400, reason: 'its event loop was blocked, or the process was not run' },
      },
    ]);
  });

  it('says so again only after a while', () => {
    const solo = SoloCore.settled('a');
    stall(solo, 400);
    stall(solo, 400);
    expect(solo.told(STALLED)).toHaveLength(1);
    solo.wait(STALL_TOLD_EVERY_MS, 'a');
    stall(solo, 400);
    expect(solo.told(STALLED)).toHaveLength(2);
  });

  it('takes nobody’s silence meanwhile for a death', () => {
    const solo = SoloCore.settled('a', 'z');
    stall(solo, 60_000);
    expect([solo.livenessOf('a'), solo.livenessOf('z')]).toEqual(['alive', 'alive']);
  });

  it('finds out who died, also where its loop is late each time', () => {
    const solo = SoloCore.settled('a', 'z');
    for (let ms = 0; ms < 20_000; ms += 600) {
      solo.beat('a');
      stall(solo, 400);
    }
    expect([solo.livenessOf('a'), solo.livenessOf('z')]).toEqual(['alive', 'dead']);
  });

  it.each([
    ['not after a short standstill', HUSH_FROM_MS - 1, 0, true],
    ['after a long one', HUSH_FROM_MS, 0, false],
    ['after a long one, to the end of the hush', HUSH_FROM_MS, HUSH_MS - 1, false],
    ['after a long one, and again when the hush is over', HUSH_FROM_MS, HUSH_MS, true],
  ])('does not say for a while whom it hears: %s', (_, stalledMs, laterMs, isTold) => {
    const solo = SoloCore.settled('a');
    const told = sent(stall(solo, stalledMs), 'heartbeat', 'a').slice();
    solo.wait(Math.max(0, laterMs - TICK_MS), 'a');
    solo.now += Math.min(TICK_MS, laterMs);
    told.push(...sent(solo.beat('a'), 'heartbeat', 'a'));
    const heartbeat = told.at(-1);
    expect(heartbeat).toBeDefined();
    expect(heartbeat !== undefined && 'hears' in heartbeat).toBe(isTold);
  });

  it('tells that it does not hear somebody only after the hush, and asks for that moment alone', () => {
    const solo = SoloCore.settled('a', 'b', 'z');
    stall(solo, HUSH_FROM_MS);
    const hushUntil = solo.now + HUSH_MS;
    const early: Heartbeat[] = [];
    while (solo.now + TICK_MS < hushUntil)
      early.push(...solo.wait(TICK_MS, 'a', 'b').flatMap((effects) => sent(effects, 'heartbeat', 'a')));
    // Nobody hears z by now.
    expect(early.every(({ hears }) => hears === undefined)).toBe(true);
    expect(solo.core.flushAt).toBe(hushUntil);
    solo.now = hushUntil - 1;
    expect(sent(solo.tick(), 'heartbeat', 'a')).toEqual([]);
    solo.now = hushUntil;
    const told = solo.tick();
    for (const peer of ['a', 'b']) {
      const [heartbeat] = sent(told, 'heartbeat', peer);
      expect(heartbeat && [hearsIn(heartbeat, 'a'), hearsIn(heartbeat, 'z')]).toEqual([true, false]);
    }
    expect(solo.core.flushAt).not.toBe(hushUntil);
  });
});

describe('a member that does not hear another one any more', () => {
  /** When all were told out of turn, while some speak: `until` says when each of them spoke last, ms from now. */
  function tellings(until: Readonly<Record<string, number>>): number[] {
    const solo = SoloCore.settled('a', 'b', ...Object.keys(until));
    const start = solo.now;
    const times: number[] = [];
    for (let ms = 10; ms <= 5_000; ms += 10) {
      solo.now = start + ms;
      for (const [peer, last] of Object.entries(until)) if (ms <= last && ms % 100 === 0) solo.beat(peer);
      const isBeat = ms % 200 === 0;
      if (isBeat) for (const peer of ['a', 'b']) solo.beat(peer);
      const { flushAt } = solo.core;
      if (!isBeat && (flushAt === null || flushAt > solo.now)) continue;
      const lists = sent(solo.tick(), 'heartbeat', 'b');
      if (lists.length > 0) times.push(ms);
    }
    return times;
  }

  it('tells all out of turn, and otherwise speaks in its turn alone', () => {
    expect(tellings({ z: 5_000 })).toEqual([]);
    expect(tellings({ z: 100 })).toHaveLength(1);
  });

  it('tells all of two that fall silent one after the other no sooner than TELL_GAP_MS apart', () => {
    const [first = 0, second = 0] = tellings({ y: 100, z: 300 });
    expect(second - first).toBeGreaterThanOrEqual(TELL_GAP_MS);
    expect(second - first).toBeLessThan(2 * TELL_GAP_MS);
  });
});

describe('the time at which a member is to be woken besides its usual ticks', () => {
  it('is none while nothing is to be done', () => {
    expect(SoloCore.settled('a', 'z').core.flushAt).toBeNull();
  });

  it('is when what was gathered goes out', () => {
    const solo = SoloCore.settled('a');
    solo.claim(KEY);
    expect(solo.core.flushAt).toBeNull();
    solo.claim('v/live/s2');
    expect(solo.core.flushAt).toBe(solo.now + 3);
    solo.now += 3;
    expect(solo.tick().broadcasts).toHaveLength(1);
    expect(solo.core.flushAt).toBeNull();
  });

  it('is when a suspect is dead', () => {
    const solo = SoloCore.settled('a', 'z');
    solo.waitUntil(() => solo.livenessOf('z') === 'suspect', 'a');
    const { flushAt } = solo.core;
    solo.waitUntil(() => solo.now + TICK_MS >= (flushAt ?? 0), 'a');
    expect([solo.livenessOf('z'), solo.core.flushAt]).toEqual(['suspect', flushAt]);
    solo.now = flushAt ?? 0;
    solo.tick();
    expect([solo.livenessOf('z'), solo.core.flushAt]).toEqual(['dead', null]);
  });

  it('is now while an answer is under way', () => {
    const solo = SoloCore.settled('a');
    for (let index = 0; index < 2_000; index += 1) solo.claim(`v/live/${'s'.repeat(100)}${index}`);
    solo.say('a', { kind: 'pull', pull: 1, held: { generation: 0, version: 0 } });
    expect(solo.core.flushAt).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('a member whose loop is late', () => {
  const lateIn = (tickMs: number): Heartbeat | undefined => {
    const solo = SoloCore.settled('a');
    for (let tick = 0; tick < 40; tick += 1) {
      solo.now += tickMs;
      solo.tick();
    }
    return sent(solo.beat('a'), 'heartbeat', 'a')[0];
  };

  it('tells others how late it is', () => {
    expect(lateIn(TICK_MS + 100)?.lateMs).toBeGreaterThan(90);
    expect(lateIn(TICK_MS + 100)?.lateMs).toBeLessThanOrEqual(100);
  });

  it('says nothing such while it is on time', () => {
    const heartbeat = lateIn(TICK_MS);
    expect(heartbeat).toBeDefined();
    expect(heartbeat !== undefined && 'lateMs' in heartbeat).toBe(false);
  });
});

describe('rosters', () => {
  /** To how many a roster went in this time. */
  const rosters = (solo: SoloCore, ms: number): number =>
    solo.wait(ms, 'a', 'b').flatMap((effects) => sent(effects, 'roster')).length;

  function quiet(): SoloCore {
    const solo = SoloCore.meeting('a', 'b');
    solo.random = 0.5;
    solo.wait(120_000, 'a', 'b');
    return solo;
  }

  it('go out seldom while nobody comes or goes', () => {
    expect(rosters(quiet(), 60_000)).toBeLessThanOrEqual(7);
    expect(rosters(quiet(), 60_000)).toBeGreaterThanOrEqual(5);
  });

  it.each([
    [
      'somebody is named',
      (solo: SoloCore) => solo.say('a', { kind: 'roster', members: [acquaintanceOf('x')] }),
    ],
    ['somebody comes', (solo: SoloCore) => solo.meet('x')],
    ['somebody goes', (solo: SoloCore) => solo.say('b', { kind: 'leave', generation: 1 })],
    [
      'somebody changes',
      (solo: SoloCore) =>
        solo.step({ kind: 'profile', profile: solo.core.directory.member('m')?.profile as never }),
    ],
  ])('go out soon after %s', (_, happens) => {
    const solo = quiet();
    // Right after one went out, the next one is far away.
    solo.waitUntil((effects) => sent(effects, 'roster').length > 0, 'a', 'b');
    happens(solo);
    expect(rosters(solo, ROSTER_INTERVAL_MS + TICK_MS)).toBeGreaterThan(0);
  });

  it('do not go out sooner for a stream that begins', () => {
    const solo = quiet();
    solo.waitUntil((effects) => sent(effects, 'roster').length > 0, 'a', 'b');
    solo.claim(KEY);
    expect(rosters(solo, 2 * ROSTER_INTERVAL_MS)).toBe(0);
  });

  it.each([
    ['the first', 0, 'a'],
    ['the last', 0.99, 'c'],
    ['one between', 0.5, 'b'],
  ])('go to one that is drawn by lot: %s', (_, random, to) => {
    const solo = SoloCore.settled('a', 'b', 'c');
    solo.connect('d');
    solo.random = random;
    const told = solo
      .wait(20_000, 'a', 'b', 'c')
      .flatMap(({ sends }) => sends.filter(({ message }) => message.kind === 'roster'));
    // Later ones: the first was due before.
    expect(new Set(told.slice(1).map((one) => one.to))).toEqual(new Set([to]));
    expect(told.at(-1)?.message).toMatchObject({
      kind: 'roster',
      members: expect.arrayContaining([acquaintanceOf('a'), acquaintanceOf('b'), acquaintanceOf('c')]),
    });
  });

  it('go nowhere while nobody is there', () => {
    expect(new SoloCore().wait(20_000).flatMap(({ sends }) => sends)).toEqual([]);
  });
});
