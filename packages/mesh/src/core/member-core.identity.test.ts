import { describe, expect, it } from 'vitest';
import { TWIN_ALONE_MS, TWIN_TOLD_EVERY_MS } from './limits.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';
import { newsOf, OWN, OWN_GENERATION, SELF, SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';
const LATER = OWN_GENERATION + 5;
const TOLD = 'another member uses this identity key';
const OVER = 'identity key is no longer disputed';

/** These say, once, that a later start of this member is known, and whether they hear it. */
function say(solo: SoloCore, heard: boolean, ...by: readonly string[]): void {
  for (const peer of by)
    solo.say(peer, { kind: 'roster', members: [acquaintanceOf(SELF, { generation: LATER, heard })] });
}

/** The same over some time; gives which generations are asked to be kept. */
function insist(solo: SoloCore, ms: number, heard: boolean, ...by: readonly string[]): readonly number[] {
  const asked: number[] = [];
  for (let passed = 0; passed < ms; passed += 200) {
    say(solo, heard, ...by);
    asked.push(...solo.wait(200, ...by).flatMap(({ generation }) => generation ?? []));
  }
  return asked;
}

describe('an identity that others hear another holder of', () => {
  it('is disputed with the next tick, and people are told by whom', () => {
    const solo = SoloCore.meeting('a', 'b');
    say(solo, true, 'a', 'b');
    expect(solo.core.disputed).toBeNull();
    const { changedMembers } = solo.tick();
    expect(solo.core.disputed).toEqual({ since: solo.now, generation: LATER, by: ['a', 'b'] });
    expect([...changedMembers]).toEqual([SELF]);
    expect(solo.told(TOLD)).toMatchObject([
      {
        level: 'error',
        fields: {
          member: SELF,
          ownGeneration: OWN_GENERATION,
          otherGeneration: LATER,
          heardFrom: ['name of a', 'name of b'],
        },
      },
    ]);
  });

  it.each([
    [
      'a greeting',
      (solo: SoloCore) => solo.meet('b', { members: [acquaintanceOf(SELF, { generation: LATER })] }),
    ],
    ['a roster', (solo: SoloCore) => say(solo, true, 'b')],
    [
      'the greeting of one that has left, which does not count otherwise',
      (solo: SoloCore) => {
        solo.say('b', { kind: 'leave', generation: 1 });
        solo.say('b', helloOf('b', { members: [acquaintanceOf(SELF, { generation: LATER })] }));
      },
    ],
  ])('is disputed by %s', (_, tell) => {
    const solo = SoloCore.meeting('b');
    tell(solo);
    solo.tick();
    expect(solo.core.disputed?.generation).toBe(LATER);
  });

  it('is not disputed by few of those connected', () => {
    const solo = SoloCore.meeting('a', 'b', 'c');
    say(solo, true, 'a');
    solo.tick();
    expect([solo.core.disputed, solo.told(TOLD)]).toEqual([null, []]);
  });

  it('is disputed by most of those that can be asked: others do not count', () => {
    const solo = SoloCore.meeting('a', 'b', 'c');
    solo.connect('d');
    solo.lose('b');
    solo.lose('c');
    say(solo, true, 'a');
    solo.tick();
    expect(solo.core.disputed?.by).toEqual(['a']);
  });

  it('stays disputed while they say so, and people are told now and then', () => {
    const solo = SoloCore.meeting('a');
    insist(solo, TWIN_TOLD_EVERY_MS / 2, true, 'a');
    expect([solo.core.disputed?.generation, solo.told(TOLD).length]).toEqual([LATER, 1]);
    say(solo, true, 'a');
    expect([...solo.tick().changedMembers]).toEqual([]);
    insist(solo, TWIN_TOLD_EVERY_MS / 2 + 1_000, true, 'a');
    expect(solo.told(TOLD)).toHaveLength(2);
  });

  it('is its own again when nobody says so any more, and people are told once', () => {
    const solo = SoloCore.meeting('a');
    say(solo, true, 'a');
    const all = solo.wait(6_000, 'a');
    expect(solo.core.disputed).toBeNull();
    expect(solo.told(OVER)).toEqual([{ level: 'info', msg: OVER, fields: { member: SELF } }]);
    const changes = all.filter(({ changedMembers }) => changedMembers.has(SELF));
    expect(changes).toHaveLength(2);
    expect(changes[1]?.facts.map(({ msg }) => msg)).toContain(OVER);
  });

  it('that was never disputed is not told to be so no longer', () => {
    const solo = SoloCore.meeting('a');
    const changed = solo.wait(10_000, 'a').some(({ changedMembers }) => changedMembers.has(SELF));
    expect([changed, solo.told(OVER)]).toEqual([false, []]);
  });

  it('says nothing of a link: who hears only the other holder is not suspected for that', () => {
    const hearsUs = (isDisputed: boolean): string | undefined => {
      const solo = SoloCore.meeting('a');
      if (isDisputed) say(solo, true, 'a');
      solo.tick();
      solo.hears.a = [[SELF, LATER]];
      solo.beat('a');
      return solo.livenessOf('a');
    };
    expect([hearsUs(true), hearsUs(false)]).toEqual(['alive', 'suspect']);
  });
});

describe('something new under this member’s own signature that this start did not say', () => {
  it('disputes its identity, also without anybody else’s word', () => {
    const solo = SoloCore.meeting('a', 'b');
    solo.hear(SELF, newsOf(SELF, KEY, { generation: LATER }));
    expect(solo.told(TOLD)).toMatchObject([{ fields: { otherGeneration: LATER, heardFrom: [] } }]);
    solo.tick();
    expect(solo.core.disputed).toMatchObject({ generation: LATER, by: [] });
    expect(solo.ownersOf(KEY)).toEqual([]);
  });

  it('is told to people where it is a farewell, and disputes nothing: that holder is gone', () => {
    const solo = SoloCore.meeting('a', 'b');
    solo.hear(SELF, { kind: 'leave', generation: LATER });
    solo.tick();
    expect([solo.told(TOLD).length, solo.core.disputed]).toEqual([1, null]);
  });

  it.each([
    ['its own words that come back', OWN_GENERATION],
    ['words of an earlier start', OWN_GENERATION - 1],
  ])('is not %s', (_, generation) => {
    const solo = SoloCore.meeting('a');
    solo.hear(SELF, newsOf(SELF, KEY, { generation, version: 2 }));
    solo.hear(SELF, { kind: 'leave', generation });
    solo.tick();
    expect([solo.told(TOLD), solo.core.disputed]).toEqual([[], null]);
    expect([solo.ownersOf(KEY), solo.livenessOf(SELF)]).toEqual([[], 'alive']);
  });
});

describe('a newer generation', () => {
  /** Asked for, since most know a later start that nobody hears. */
  function asking(...peers: readonly string[]): SoloCore {
    const solo = SoloCore.meeting(...peers);
    solo.claim(KEY);
    const asked = insist(solo, TWIN_ALONE_MS + 1_000, false, ...peers);
    expect(asked).toEqual([LATER + 1]);
    return solo;
  }

  const keep = (solo: SoloCore, generation: number) => solo.step({ kind: 'generation-kept', generation });

  it('is asked for once when nobody hears the other holder, and not used before it is kept', () => {
    const solo = asking('a', 'b');
    expect(insist(solo, 2_000, false, 'a', 'b')).toEqual([]);
    expect(solo.core.generation).toBe(OWN_GENERATION);
    expect(solo.core.disputed).not.toBeNull();
  });

  it('that is kept is told to all that are connected, with all that stands', () => {
    const solo = asking('a', 'b');
    solo.connect('c');
    solo.lose('b');
    const effects = keep(solo, LATER + 1);
    expect(solo.core.generation).toBe(LATER + 1);
    expect(effects.sends.map(({ to, message }) => `${to} ${message.kind}`).sort()).toEqual([
      'a hello',
      'c hello',
    ]);
    expect(sent(effects, 'hello', 'a')[0]?.position).toEqual({ generation: LATER + 1, version: 2 });
    expect([...effects.changedMembers]).toEqual([SELF]);
    expect(solo.ownersOf(KEY)).toEqual([SELF]);
    expect(solo.told('newer generation taken')).toEqual([
      {
        level: 'warn',
        msg: 'newer generation taken',
        fields: {
          member: SELF,
          ownGeneration: OWN_GENERATION,
          generation: LATER + 1,
          reason: expect.stringContaining('newer than its own'),
        },
      },
    ]);
  });

  it('ends the dispute', () => {
    const solo = asking('a');
    keep(solo, LATER + 1);
    solo.wait(1_000, 'a');
    expect(solo.core.disputed).toBeNull();
  });

  it.each([
    ['the present one', OWN_GENERATION],
    ['an older one', OWN_GENERATION - 1],
  ])('is not %s: nothing begins anew', (_, generation) => {
    const solo = asking('a');
    const { sends, changedMembers, facts } = keep(solo, generation);
    expect([sends, changedMembers.size, facts]).toEqual([[], 0, []]);
    expect(solo.core.generation).toBe(OWN_GENERATION);
  });

  it('is asked for again where the last one was not kept', () => {
    const solo = asking('a');
    keep(solo, OWN_GENERATION);
    expect(insist(solo, 1_000, false, 'a')).toEqual([LATER + 1]);
  });

  it('asks anew at once for what the older one asked for, and was not answered', () => {
    const solo = SoloCore.meeting('b');
    const asked = sent(solo.meet('a', { version: 4 }), 'pull', 'a');
    expect(asked).toHaveLength(1);
    expect(sent(solo.tick(), 'pull')).toEqual([]);
    const again = sent(keep(solo, LATER + 1), 'pull');
    expect(again).toMatchObject([{ held: { generation: 1, version: 0 } }]);
    expect(again[0]?.pull).not.toBe(asked[0]?.pull);
  });

  it('is not held by anybody yet, so what stands is told again to who is reached by others alone', () => {
    const solo = SoloCore.meeting('a', 'b');
    const held = { generation: OWN_GENERATION, version: 9 };
    solo.claim(KEY);
    solo.say('b', { kind: 'pull', pull: 1, held });
    solo.wait(2_000, 'a', 'b');
    solo.lose('b');
    const { broadcasts } = keep(solo, LATER + 1);
    expect(broadcasts).toEqual([]);
    solo.hears.a = [
      [SELF, LATER + 1],
      ['b', 1],
    ];
    const told = solo.wait(5_000, 'a').flatMap((effects) => effects.broadcasts);
    expect(solo.livenessOf('b')).toBe('unreachable');
    expect(told[0]).toMatchObject({ delta: { generation: LATER + 1, from: 0, to: 2 } });
  });

  it('and the one before it are both this member, for who has not heard of it yet', () => {
    const solo = SoloCore.meeting('a');
    keep(solo, LATER + 1);
    solo.hears.a = [OWN];
    solo.beat('a');
    expect(solo.livenessOf('a')).toBe('alive');
    solo.hears.a = [[SELF, LATER + 1]];
    solo.beat('a');
    expect(solo.livenessOf('a')).toBe('alive');
  });
});
