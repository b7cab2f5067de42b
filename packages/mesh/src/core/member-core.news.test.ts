import { describe, expect, it } from 'vitest';
import type { HandedOn } from './input.js';
import { PEERS_MAX } from './limits.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';
import { newsOf, OWN, SoloCore, sent } from './testing/solo-core.js';

const KEY = 'v/live/s1';
const DROPPED = 'message dropped';

/** b is not reached any more, while a goes on hearing it. */
function withUnreachable(): SoloCore {
  const solo = SoloCore.settled('a', 'b');
  solo.hears.a = [OWN, ['b', 1]];
  solo.crash('b');
  solo.waitUntil(() => solo.livenessOf('b') === 'unreachable', 'a');
  return solo;
}

const reasons = (solo: SoloCore): unknown[] => solo.told(DROPPED).map(({ fields }) => fields.reason);

describe('news under a member’s own signature', () => {
  it('count of a member that was met', () => {
    const solo = SoloCore.settled('b');
    const { changedStreams } = solo.hear('b', newsOf('b', KEY));
    expect([solo.ownersOf(KEY), changedStreams.touches(KEY)]).toEqual([['b'], true]);
  });

  it.each([
    ['that nobody knows', (_: SoloCore) => {}],
    ['that is connected, and did not greet yet', (solo: SoloCore) => solo.connect('b')],
    [
      'that was only named',
      (solo: SoloCore) => solo.say('a', { kind: 'roster', members: [acquaintanceOf('b')] }),
    ],
    [
      'whose earlier start alone is heard by others',
      (solo: SoloCore) => {
        solo.hears.a = [OWN, ['b', 2]];
        solo.beat('a');
      },
    ],
  ])('do not count of one %s', (_, prepare) => {
    const solo = SoloCore.settled('a');
    prepare(solo);
    const known = solo.core.gauges.peers;
    solo.hear('b', newsOf('b', KEY));
    expect([solo.ownersOf(KEY), solo.livenessOf('b'), solo.core.gauges.peers]).toEqual([
      [],
      undefined,
      known,
    ]);
  });

  it('count of one that was never met and that others hear: its streams are found through them', () => {
    const solo = SoloCore.settled('a');
    solo.hears.a = [OWN, ['b', 1]];
    solo.beat('a');
    solo.hear('b', newsOf('b', KEY));
    expect([solo.livenessOf('b'), solo.ownersOf(KEY)]).toEqual(['unreachable', ['b']]);
    expect(solo.core.peer('b')?.isConnected).toBe(false);
  });

  it('of a start that others hear are believed at once where the one before it is dead', () => {
    const solo = SoloCore.settled('a', 'b');
    solo.crash('b');
    solo.wait(3_000, 'a');
    expect(solo.livenessOf('b')).toBe('dead');
    solo.hears.a = [OWN, ['b', 2]];
    solo.wait(400, 'a');
    expect(solo.livenessOf('b')).toBe('dead');
    const { changedMembers } = solo.hear('b', newsOf('b', KEY, { generation: 2 }));
    expect([solo.livenessOf('b'), [...changedMembers], solo.ownersOf(KEY)]).toEqual([
      'unreachable',
      ['b'],
      ['b'],
    ]);
  });

  it('of a start that left do not count; those of its next one do', () => {
    const solo = SoloCore.settled('a', 'b');
    solo.hear('b', { kind: 'leave', generation: 1 });
    expect(solo.livenessOf('b')).toBe('left');
    solo.hear('b', newsOf('b', KEY));
    expect(solo.core.directory.position('b')).toEqual({ generation: 1, version: 0 });
    solo.hear('b', newsOf('b', KEY, { generation: 2 }));
    expect(solo.core.directory.position('b')).toEqual({ generation: 2, version: 2 });
  });

  it('of another member are dropped, and that is an offence', () => {
    const solo = SoloCore.settled('b', 'c');
    solo.hear('b', newsOf('c', KEY));
    expect([solo.ownersOf(KEY), reasons(solo)]).toEqual([[], ['spoke for another member']]);
    expect(solo.told(DROPPED)[0]?.fields).toMatchObject({ member: 'b', memberName: 'name of b' });
  });

  it('of one more are dropped where all places are taken by members that live', () => {
    const solo = SoloCore.meeting(...Array.from({ length: PEERS_MAX }, (_, index) => `a${index}`));
    solo.hears.a1 = [OWN, ['x', 1]];
    solo.beat('a1');
    const { facts } = solo.hear('x', newsOf('x', KEY));
    expect([facts, solo.core.peer('x'), solo.core.gauges.peers]).toEqual([[], undefined, PEERS_MAX]);
  });

  it('of others make this one’s own wait for longer', () => {
    const solo = SoloCore.settled('a', 'b');
    expect(solo.core.gauges.speakers).toBe(0);
    solo.hear('a', newsOf('a', KEY));
    solo.hear('x', newsOf('x', KEY));
    expect(solo.core.gauges.speakers).toBe(1);
  });
});

describe('words that another member hands on', () => {
  /** a was asked for the words of b. */
  function asking(): SoloCore {
    const solo = withUnreachable();
    solo.waitUntil((effects) => sent(effects, 'ask', 'a').length > 0, 'a');
    return solo;
  }

  const handOn = (solo: SoloCore, more: Partial<HandedOn> = {}) =>
    solo.step({
      kind: 'handed-on',
      peer: 'a',
      author: 'b',
      message: newsOf('b', KEY),
      signedBytes: new Uint8Array([1]),
      ...more,
    });

  it('are checked first', () => {
    const solo = withUnreachable();
    const asks = solo.wait(2_000, 'a').flatMap((effects) => sent(effects, 'ask', 'a'));
    const envelope = new Uint8Array([1, 2, 3]);
    const { verifications } = solo.say('a', {
      kind: 'words',
      ask: asks.at(-1)?.ask ?? 0,
      last: true,
      envelopes: [envelope],
    });
    expect(verifications).toEqual([{ via: 'a', signedBytes: envelope }]);
    expect(solo.ownersOf(KEY)).toEqual([]);
  });

  it('count as if their author had said them', () => {
    const solo = asking();
    handOn(solo);
    expect([solo.ownersOf(KEY), reasons(solo)]).toEqual([['b'], []]);
  });

  it.each([
    [
      'are of another member',
      { author: 'a', message: newsOf('a', KEY) },
      'handed on words of another member than asked for',
    ],
    [
      'are of another member than their author',
      { message: newsOf('a', KEY) },
      'handed on words of another member than asked for',
    ],
    ['are known already', { message: newsOf('b', KEY, { generation: 0 }) }, 'handed on old words'],
  ])('do not count, and are the giver’s offence, where they %s', (_, more, reason) => {
    const solo = asking();
    handOn(solo, more);
    expect([solo.ownersOf(KEY), reasons(solo)]).toEqual([[], [reason]]);
  });

  it('do not count where nobody asked that member for any', () => {
    const solo = SoloCore.settled('a', 'b');
    for (const peer of ['a', 'x']) handOn(solo, { peer });
    expect([solo.ownersOf(KEY), reasons(solo)]).toEqual([[], []]);
  });

  it('do not count where their author left meanwhile; those of its next start do', () => {
    const solo = asking();
    solo.hear('b', { kind: 'leave', generation: 1 });
    handOn(solo);
    expect(solo.core.directory.position('b')).toEqual({ generation: 1, version: 0 });
    handOn(solo, { message: newsOf('b', KEY, { generation: 2 }) });
    expect(solo.core.directory.position('b')).toEqual({ generation: 2, version: 2 });
  });

  it('do not count where their author is forgotten meanwhile', () => {
    const solo = asking();
    // Another one is where b was.
    solo.hear('b', { kind: 'leave', generation: 1 });
    solo.meet('c', { addresses: ['b:1'] });
    solo.step({ kind: 'connected', peer: 'c', from: { dialled: 'b:1' } });
    solo.say('c', helloOf('c', { addresses: ['b:1'] }));
    expect(solo.core.peer('b')).toBeUndefined();
    handOn(solo, { message: newsOf('b', KEY, { generation: 2 }) });
    expect([solo.ownersOf(KEY), solo.core.peer('b')]).toEqual([[], undefined]);
    solo.connect('b');
    handOn(solo, { message: newsOf('b', KEY, { generation: 2 }) });
    expect([solo.ownersOf(KEY), solo.core.directory.position('b').generation]).toEqual([[], 0]);
  });
});
