import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { CUT_OFF_MS, OFFENCES_MAX } from './limits.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';
import { heartbeatFrom, newsOf, OWN_GENERATION, SELF, SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';

describe('a greeting', () => {
  it('tells who this member is, where it is found, how far its log is, whom it knows and what it speaks', () => {
    const solo = new SoloCore({ profile: { ...profileOf(SELF), program: 'headwater 9' } });
    solo.meet('a', { generation: 3 });
    expect(sent(solo.connect('b'), 'hello', 'b')).toEqual([
      {
        kind: 'hello',
        name: SELF,
        program: 'headwater 9',
        position: { generation: OWN_GENERATION, version: 1 },
        addresses: [`${SELF}:1`],
        members: [acquaintanceOf('a', { generation: 3 })],
        order: 'primary',
        speaks: { min: 1, max: 1 },
      },
    ]);
  });

  it('tells the order and the versions that this member was given', () => {
    const solo = new SoloCore({ order: 'spread', speaks: { min: 2, max: 4 } });
    const [hello] = sent(solo.connect('a'), 'hello');
    expect(hello).toMatchObject({ order: 'spread', speaks: { min: 2, max: 4 } });
  });

  it('is the first thing that counts: what comes before it is nobody’s', () => {
    const solo = SoloCore.meeting('a');
    solo.connect('b');
    solo.say('b', heartbeatFrom({ version: 5 }));
    const held = { generation: 0, version: 0 };
    expect(solo.say('b', { kind: 'pull', pull: 1, held }).sends).toEqual([]);
    solo.say('b', { kind: 'roster', members: [acquaintanceOf('c')] });
    expect([solo.core.peer('c'), solo.livenessOf('b')]).toEqual([undefined, undefined]);
  });

  it('after the connection is gone does not count', () => {
    const solo = SoloCore.meeting('b');
    solo.lose('b');
    const { sends } = solo.say('b', helloOf('b', { generation: 2, members: [acquaintanceOf('d')] }));
    expect([sends, solo.core.peer('b')?.isGreeted, solo.core.peer('d')]).toEqual([[], false, undefined]);
    expect(solo.core.directory.position('b').generation).toBe(1);
  });

  it('in no common version is told to people, and nothing else in it counts', () => {
    const solo = new SoloCore();
    const later = { speaks: { min: 2, max: 3 }, members: [acquaintanceOf('c')] };
    solo.meet('b', later);
    expect(solo.told('no common protocol version')).toHaveLength(1);
    expect([solo.livenessOf('b'), solo.core.peer('c'), solo.core.peer('b')?.isGreeted]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    expect(solo.core.peer('b')?.version).toBeNull();
  });

  it('in an order of owners that is another one warns people', () => {
    const solo = new SoloCore();
    solo.meet('b', { order: 'spread' });
    expect(solo.told('play.order differs between members')).toMatchObject([
      { level: 'warn', fields: { member: 'b', ownOrder: 'primary', otherOrder: 'spread' } },
    ]);
  });
});

describe('what a member waits for when it starts', () => {
  it('are its seeds, each with the reason why it was not reached', () => {
    const solo = new SoloCore({ seeds: ['s:1', 't:1'] });
    solo.tick();
    expect([solo.core.isJoined, solo.core.waitingFor]).toEqual([
      false,
      'no seed has answered yet (s:1; t:1)',
    ]);
    solo.step({
      kind: 'seed-visited',
      seed: 's:1',
      outcome: { reached: [], isSelf: false, failure: 'refused' },
    });
    expect(solo.core.waitingFor).toBe('no seed has answered yet (s:1: refused; t:1)');
    expect(solo.core.isSynced).toBe(false);
  });

  it('is an upgrade where those that it found speak no common version', () => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    solo.connect('c');
    for (const peer of ['a', 'b']) solo.meet(peer, { speaks: { min: 2, max: 3 } });
    expect(solo.core.waitingFor).toBe(
      'no protocol version is common with the members found (name of a, name of b)',
    );
  });

  it('are the streams of those that it found, by name; then nothing', () => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    solo.meet('a', { version: 2 });
    solo.meet('b');
    solo.meet('c', { version: 2 });
    expect([solo.core.isJoined, solo.core.isSynced]).toEqual([true, false]);
    expect(solo.core.waitingFor).toBe('the streams of name of a, name of c are still on their way');
    solo.hear('a', newsOf('a', KEY));
    expect(solo.core.waitingFor).toBe('the streams of name of c are still on their way');
    solo.hear('c', newsOf('c', KEY));
    expect([solo.core.isSynced, solo.core.waitingFor]).toEqual([true, null]);
  });

  it('is nothing any more once it was synced, whoever comes later', () => {
    const solo = SoloCore.meeting('a');
    solo.meet('b', { version: 5 });
    expect([solo.core.isSynced, solo.core.waitingFor]).toEqual([true, null]);
  });

  it('is not one that was cut off', () => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    solo.meet('a');
    solo.meet('b', { version: 1 });
    expect(solo.core.isSynced).toBe(true);
    const late = new SoloCore({ seeds: ['s:1'] });
    late.meet('b', { version: 1 });
    for (let count = 0; count <= OFFENCES_MAX; count += 1)
      late.step({ kind: 'offence', peer: 'b', reason: 'garbage' });
    expect([late.core.isSynced, late.core.waitingFor]).toEqual([true, null]);
    expect(late.told('member cut off')).toMatchObject([
      { level: 'error', fields: { refusedMs: CUT_OFF_MS } },
    ]);
  });
});

describe('a seed', () => {
  const visit = (solo: SoloCore, outcome: { readonly isSelf?: boolean; readonly failure?: string }) =>
    solo.step({ kind: 'seed-visited', seed: 's:1', outcome: { reached: [], isSelf: false, ...outcome } })
      .facts;

  it.each([
    ['that was reached', {}, { level: 'info', msg: 'seed reached', fields: { seed: 's:1' } }],
    [
      'that was not reached',
      { failure: 'refused' },
      { level: 'warn', msg: 'seed not reached', fields: { seed: 's:1', reason: 'refused' } },
    ],
    [
      'that is this member itself',
      { isSelf: true },
      { level: 'debug', msg: 'seed is this member', fields: { seed: 's:1' } },
    ],
    [
      'of which one address is this member, and another one was not reached',
      { isSelf: true, failure: 'refused' },
      { level: 'warn', msg: 'seed not reached', fields: { seed: 's:1', reason: 'refused' } },
    ],
  ])('%s is logged, and not again while that stays so', (_, outcome, line) => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    expect(visit(solo, outcome)).toEqual([line]);
    solo.now += 60_000;
    solo.tick();
    expect(visit(solo, outcome)).toEqual([]);
  });

  it('that is this member and the only one makes it joined', () => {
    const solo = new SoloCore({ seeds: ['s:1'] });
    visit(solo, { isSelf: true });
    expect([solo.core.isJoined, solo.core.isSynced]).toEqual([true, true]);
  });
});
