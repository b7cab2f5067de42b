import { describe, expect, it } from 'vitest';
import { TWIN_GRACE_MS } from './limits.js';
import { includesDigest, startDigest } from './member-digest.js';
import { heartbeatFrom, OWN_GENERATION, SELF, SoloCore, sent } from './testing/solo-core.js';

describe('another member of which two starts speak', () => {
  /** Met as its second start, long ago; then the first one speaks. */
  function twoStarts(): SoloCore {
    const solo = new SoloCore();
    solo.meet('b', { generation: 2 });
    solo.wait(TWIN_GRACE_MS + 200, 'b');
    return solo;
  }

  const older = (solo: SoloCore) => solo.say('b', heartbeatFrom({ generation: 1, version: 7 }));

  it('is told to people, and the older one is told which start stands and is heard', () => {
    const solo = twoStarts();
    const effects = older(solo);
    expect(solo.told('two members use the same identity key')).toMatchObject([
      { level: 'error', fields: { member: 'b', generations: [1, 2] } },
    ]);
    expect(sent(effects, 'roster', 'b')[0]?.members).toMatchObject([
      { id: 'b', position: { generation: 2 }, heard: true },
      { id: SELF, position: { generation: OWN_GENERATION } },
    ]);
    expect(solo.core.directory.position('b').generation).toBe(2);
  });

  it('is taken for late words right after the newer one greeted', () => {
    const solo = new SoloCore();
    solo.meet('b', { generation: 2 });
    const { sends } = older(solo);
    expect([sends, solo.told('two members use the same identity key')]).toEqual([[], []]);
  });

  it('is heard by any word of the newer one: echoes may have reached the older one', () => {
    const silentAfter = (isShared: boolean): boolean => {
      const solo = twoStarts();
      for (let ms = 0; ms < 4_000; ms += 200) {
        if (isShared) older(solo);
        solo.now += 200;
        solo.say('b', heartbeatFrom({ generation: 2 }));
        solo.tick();
      }
      const [beat] = solo.wait(1_600).flatMap((effects) => sent(effects, 'heartbeat', 'b'));
      return beat?.hears === undefined || !includesDigest(beat.hears, startDigest('b', 2));
    };
    expect([silentAfter(true), silentAfter(false)]).toEqual([false, true]);
  });

  it('has both told what is kept, each so often', () => {
    const solo = twoStarts();
    older(solo);
    const answers = (message: Parameters<SoloCore['say']>[1]) => sent(solo.say('b', message), 'roster', 'b');
    const newest = heartbeatFrom({ generation: 2 });
    expect(answers(newest)).toHaveLength(1);
    expect(answers(newest)).toHaveLength(0);
    solo.now += 1_000;
    expect(answers(newest)).toHaveLength(1);
  });

  it('has nothing told to the newer one while the older one is silent', () => {
    const solo = twoStarts();
    expect(sent(solo.say('b', heartbeatFrom({ generation: 2 })), 'roster')).toEqual([]);
  });

  it('is not suspected where it does not hear this member: it may be the older one that it hears', () => {
    const livenessOf = (isShared: boolean): string | undefined => {
      const solo = twoStarts();
      if (isShared) older(solo);
      solo.hears.b = [];
      solo.beat('b');
      return solo.livenessOf('b');
    };
    expect([livenessOf(true), livenessOf(false)]).toEqual(['alive', 'suspect']);
  });
});
