import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from './bounds.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { heartbeatFrom, OWN_GENERATION, SELF, SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';

describe('a configuration that changes while the member runs', () => {
  it('has other seeds visited at once', () => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    expect(solo.tick().visits).toEqual(['s:1']);
    solo.step({ kind: 'configured', seeds: ['s:1', 't:1'], order: 'primary' });
    expect(solo.tick().visits).toEqual(['t:1']);
  });

  /** `a` claimed a stream first and is loaded, `b` is idle. */
  function withTwoOwners(): SoloCore {
    const solo = SoloCore.meeting('a', 'b');
    solo.hear('a', {
      kind: 'delta',
      delta: {
        member: 'a',
        generation: 1,
        from: 0,
        to: 2,
        entries: [
          { kind: 'profile', version: 1, profile: { ...profileOf('a'), loadLevel: 9 } },
          { kind: 'claim', version: 2, claim: { key: KEY, sinceMs: 1, media: {} } },
        ],
      },
    });
    solo.hear('b', {
      kind: 'delta',
      delta: {
        member: 'b',
        generation: 1,
        from: 0,
        to: 2,
        entries: [
          { kind: 'profile', version: 1, profile: profileOf('b') },
          { kind: 'claim', version: 2, claim: { key: KEY, sinceMs: 2, media: {} } },
        ],
      },
    });
    return solo;
  }

  it('has owners ordered anew, says which streams that concerns, and greets with the new order', () => {
    const solo = withTwoOwners();
    expect(solo.ownersOf(KEY)).toEqual(['a', 'b']);
    const { changedStreams } = solo.step({ kind: 'configured', seeds: [], order: 'spread' });
    expect(solo.ownersOf(KEY)).toEqual(['b', 'a']);
    expect(changedStreams.touches(KEY)).toBe(true);
    expect(sent(solo.connect('c'), 'hello')[0]?.order).toBe('spread');
    solo.step({ kind: 'configured', seeds: [], order: 'primary' });
    expect(solo.ownersOf(KEY)).toEqual(['a', 'b']);
  });

  it('with the same order concerns no stream', () => {
    const { changedStreams } = withTwoOwners().step({ kind: 'configured', seeds: [], order: 'primary' });
    expect(changedStreams.isEmpty).toBe(true);
  });

  it('has this member tell its load level where owners are to be ordered by that', () => {
    const solo = SoloCore.meeting('a');
    const load = { players: 1, publishers: 1, outboundKbps: 5_000 };
    const level = () => solo.core.directory.member(SELF)?.profile?.loadLevel;
    solo.step({ kind: 'load', load });
    expect(level()).toBeUndefined();
    solo.step({ kind: 'configured', seeds: [], order: 'spread' });
    solo.step({ kind: 'load', load });
    expect(level()).toBe(3);
  });

  it('may be a new profile, of which all are told', () => {
    const solo = SoloCore.meeting('a');
    solo.wait(1_000, 'a');
    const { broadcasts, changedMembers } = solo.step({
      kind: 'profile',
      profile: { ...profileOf(SELF), draining: true },
    });
    expect(broadcasts).toMatchObject([
      { delta: { entries: [{ kind: 'profile', profile: { draining: true } }] } },
    ]);
    expect([...changedMembers]).toEqual([SELF]);
  });
});

describe('who leaves', () => {
  it('tells what it gathered first, then all that it goes, also those whom broadcasts do not reach', () => {
    const solo = SoloCore.meeting('a', 'b');
    solo.connect('c');
    solo.claim(KEY);
    solo.claim('v/live/s2');
    const leave = { kind: 'leave', generation: OWN_GENERATION };
    const { broadcasts, sends } = solo.step({ kind: 'leave' });
    expect(broadcasts.at(-1)).toEqual(leave);
    expect(broadcasts.at(-2)).toMatchObject({ delta: { to: solo.core.directory.position(SELF).version } });
    expect(sends).toEqual(['a', 'b'].map((to) => ({ to, message: leave })));
  });

  it('tells all that it gathered, however much', () => {
    const solo = new SoloCore();
    for (let index = 0; index < 3_000; index += 1) solo.claim(`v/live/${`${index}`.padStart(50, 's')}`);
    const { broadcasts } = solo.step({ kind: 'leave' });
    expect(broadcasts.at(-2)).toMatchObject({ delta: { to: solo.core.directory.position(SELF).version } });
  });

  it('does and says nothing after that', () => {
    const solo = SoloCore.meeting('a');
    solo.step({ kind: 'leave' });
    solo.now += 60_000;
    const after = [solo.tick(), solo.meet('b'), solo.claim(KEY), solo.step({ kind: 'leave' })];
    for (const { sends, broadcasts, dials, facts } of after)
      expect([sends, broadcasts, dials, facts]).toEqual([[], [], [], []]);
    expect(solo.ownersOf(KEY)).toEqual([]);
  });
});

it('a release takes a claim back, and all are told', () => {
  const solo = SoloCore.meeting('a');
  solo.claim(KEY);
  expect(solo.ownersOf(KEY)).toEqual([SELF]);
  solo.wait(1_000, 'a');
  const { broadcasts, changedStreams } = solo.step({ kind: 'release', key: KEY });
  expect(broadcasts).toMatchObject([{ delta: { entries: [{ kind: 'release', key: KEY }] } }]);
  expect([solo.ownersOf(KEY), changedStreams.touches(KEY)]).toEqual([[], true]);
});

describe('what is told of a member that nobody knows here', () => {
  it.each([
    ['a message', { kind: 'direct', peer: 'x', message: heartbeatFrom() }],
    ['the end of a connection', { kind: 'disconnected', peer: 'x', reason: 'reset' }],
    ['the failure of a dial', { kind: 'dial-failed', peer: 'x', reason: 'refused' }],
    ['an offence', { kind: 'offence', peer: 'x', reason: 'garbage' }],
  ] as const)('changes nothing: %s', (_, input) => {
    const solo = SoloCore.meeting('a');
    const { sends, facts, changedMembers } = solo.step(input);
    expect([sends, facts, changedMembers.size, solo.core.peer('x')]).toEqual([[], [], 0, undefined]);
  });
});

describe('what is held for others', () => {
  it('is bounded in addresses: some of a member’s own, and as many by each of two others’ word', () => {
    const addressesOf = (by: string): string[] => Array.from({ length: 9 }, (_, index) => `${by}${index}:1`);
    const solo = SoloCore.meeting('a', 'b');
    solo.meet('x', { addresses: addressesOf('x') });
    for (const by of ['a', 'b', 'a', 'b'])
      solo.say(by, { kind: 'roster', members: [acquaintanceOf('x', { addresses: addressesOf(by) })] });
    expect(solo.core.gauges.addresses).toBe(BOUNDS.addresses);
  });

  it('is told by gauges: who is known, who is gone, and who is behind', () => {
    const solo = SoloCore.meeting('a');
    solo.meet('b', { version: 3 });
    solo.connect('c');
    solo.wait(2_000, 'a', 'b');
    solo.crash('a');
    expect(solo.core.gauges).toMatchObject({ peers: 3, strangers: 1, gone: 1, behind: 1, records: 3 });
  });

  it('is where another member is dialled, and how', () => {
    const solo = SoloCore.meeting('a');
    expect(solo.core.addresses).toEqual([`${SELF}:1`]);
    expect(solo.core.peer('a')).toMatchObject({ isConnected: true, addresses: ['a:1'], version: 1 });
  });
});
