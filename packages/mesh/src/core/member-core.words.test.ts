import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import {
  FORGET_AFTER_MS,
  GAP_PATIENCE_MS,
  PARTS_WINDOW,
  RETRY_MAX_MS,
  TICK_MS,
  VOUCHED_MS,
} from './limits.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { heartbeatFrom, newsOf, OWN, SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';
const DROPPED = 'message dropped';
const NOTHING_HELD = { generation: 0, version: 0 };

/** Long time passes in leaps, while some speak now and then. */
function leap(solo: SoloCore, ms: number, ...speakers: readonly string[]): void {
  for (const end = solo.now + ms; solo.now < end; ) {
    solo.now += 20_000 - TICK_MS;
    solo.wait(TICK_MS, ...speakers);
  }
}

const reasons = (solo: SoloCore): unknown[] => solo.told(DROPPED).map(({ fields }) => fields.reason);

describe('what a connected member says', () => {
  it('of its load counts', () => {
    const solo = SoloCore.settled('a');
    const load = { players: 7, publishers: 1, outboundKbps: 5_000 };
    solo.beat('a', { load });
    expect(solo.core.directory.member('a')?.load).toEqual(load);
  });

  it('of others leads to them', () => {
    const solo = SoloCore.settled('a');
    solo.say('a', { kind: 'roster', members: [acquaintanceOf('b')] });
    solo.wait(TICK_MS);
    expect(solo.core.peer('b')?.addresses).toEqual(['b:1']);
  });

  it('of a log that goes on is a reason to ask for the rest, once news that are late had their time', () => {
    const solo = SoloCore.settled('a');
    solo.beat('a', { version: 1 });
    expect(sent(solo.tick(), 'pull')).toEqual([]);
    solo.now += GAP_PATIENCE_MS - 1;
    expect(sent(solo.tick(), 'pull')).toEqual([]);
    solo.now += 1;
    expect(sent(solo.tick(), 'pull', 'a')).toMatchObject([{ held: { generation: 1, version: 0 } }]);
  });

  it('in answer to that is taken, and nothing for another member', () => {
    const solo = SoloCore.settled('a', 'b');
    const asked = sent(solo.meet('c', { version: 2 }), 'pull', 'c')[0]?.pull ?? 0;
    const part = { kind: 'delta-part', pull: asked, index: 0, last: true } as const;
    solo.say('c', { ...part, delta: newsOf('b', 'v/stolen/s').delta });
    expect([solo.ownersOf('v/stolen/s'), reasons(solo)]).toEqual([[], ['spoke for another member']]);
    solo.say('c', { ...part, delta: newsOf('c', KEY).delta });
    expect(solo.ownersOf(KEY)).toEqual(['c']);
  });

  it('may be a snapshot of all that it claims', () => {
    const solo = SoloCore.settled('a');
    const asked = sent(solo.meet('c', { version: 5 }), 'pull', 'c')[0]?.pull ?? 0;
    solo.say('c', {
      kind: 'snapshot-part',
      pull: asked,
      index: 0,
      last: true,
      position: { generation: 1, version: 5 },
      profile: profileOf('c'),
      claims: [{ key: KEY, sinceMs: 1, media: {} }],
    });
    expect([solo.ownersOf(KEY), solo.core.directory.position('c').version]).toEqual([['c'], 5]);
  });

  it('that it goes, on its connection, is believed at once; nothing that it says after that is heard', () => {
    const solo = SoloCore.settled('b');
    solo.hear('b', newsOf('b', KEY));
    solo.say('b', { kind: 'leave', generation: 1 });
    expect([solo.livenessOf('b'), solo.ownersOf(KEY)]).toEqual(['left', []]);
    expect(solo.say('b', { kind: 'pull', pull: 1, held: NOTHING_HELD }).sends).toEqual([]);
    solo.say('b', { kind: 'roster', members: [acquaintanceOf('x')] });
    solo.beat('b');
    expect([solo.core.peer('x'), solo.livenessOf('b')]).toEqual([undefined, 'left']);
  });
});

describe('a member that asks', () => {
  it('for this one’s log is given it in parts, a window of them until it says that it has taken those', () => {
    const solo = SoloCore.settled('a');
    const keys = Array.from({ length: 2_600 }, (_, index) => `v/live/${'s'.repeat(330)}${index}`);
    for (const key of keys) solo.claim(key);
    const parts = sent(
      solo.say('a', { kind: 'pull', pull: 3, held: NOTHING_HELD }),
      'delta-part',
      'a',
    ).slice();
    const go = (): void => {
      for (let tick = 0; tick < 2 * PARTS_WINDOW; tick += 1)
        parts.push(...sent(solo.tick(), 'delta-part', 'a'));
    };
    go();
    expect(parts).toHaveLength(PARTS_WINDOW);
    expect(solo.wait(2_000, 'a').flatMap((effects) => sent(effects, 'delta-part'))).toEqual([]);
    parts.push(...sent(solo.say('a', { kind: 'more', pull: 3 }), 'delta-part', 'a'));
    go();
    expect(parts.at(-1)?.last).toBe(true);
    const claimed = parts.flatMap(({ delta }) =>
      delta.entries.flatMap((entry) => (entry.kind === 'claim' ? [entry.claim.key] : [])),
    );
    expect(claimed).toEqual(keys);
  });

  it('for another one’s words is given them as they were signed', () => {
    const solo = SoloCore.settled('a', 'b');
    solo.hear('b', newsOf('b', KEY));
    const ask = { kind: 'ask', ask: 5, owner: 'b', held: { generation: 1, version: 0 } } as const;
    expect(sent(solo.say('a', ask), 'words', 'a')).toEqual([
      { kind: 'words', ask: 5, last: true, envelopes: [new Uint8Array([1])] },
    ]);
  });
});

describe('what a member says of whom it hears', () => {
  /** How often b is dialled in a while that begins long after it was lost; `hears`: what a says meanwhile. */
  function dialsOfLost(...said: readonly boolean[]): number {
    const solo = SoloCore.settled('a', 'b');
    solo.crash('b');
    leap(solo, 300_000, 'a');
    let dials = 0;
    for (const isHeard of said) {
      if (isHeard) solo.hears.a = [OWN, ['b', 1]];
      else delete solo.hears.a;
      for (let ms = 0; ms < VOUCHED_MS; ms += TICK_MS) {
        // Its echo is too old to prove that it hears what came back: it is a reason to dial, and no more.
        solo.beat('a', { echo: null });
        for (const { dials: begun } of [...solo.wait(TICK_MS)])
          for (const { peer } of begun) {
            dials += 1;
            solo.step({ kind: 'dial-failed', peer, reason: 'refused' });
          }
      }
    }
    return dials;
  }

  it('is a reason to dial often who is gone', () => {
    const often = VOUCHED_MS / RETRY_MAX_MS / 2;
    expect(dialsOfLost(false)).toBeLessThan(often);
    expect(dialsOfLost(true)).toBeGreaterThan(often);
  });

  it('does not go on to count where it says nothing of it any more', () => {
    expect(dialsOfLost(true, false, false) - dialsOfLost(true, false)).toBeLessThan(10);
  });

  it('keeps who is gone from being forgotten', () => {
    const isKept = (isHeard: boolean): boolean => {
      const solo = SoloCore.settled('a', 'b');
      solo.crash('b');
      if (isHeard) solo.hears.a = [OWN, ['b', 1]];
      leap(solo, FORGET_AFTER_MS + 60_000, 'a');
      return solo.core.peer('b') !== undefined;
    };
    expect([isKept(true), isKept(false)]).toEqual([true, false]);
  });
});

describe('a member that lives', () => {
  it('is suspected in silence, and any word of that start takes it back', () => {
    const solo = SoloCore.settled('a', 'b');
    solo.waitUntil(() => solo.livenessOf('b') === 'suspect', 'a');
    solo.say('b', heartbeatFrom());
    expect(solo.livenessOf('b')).toBe('alive');
  });
});
