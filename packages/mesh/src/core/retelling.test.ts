import { describe, expect, it } from 'vitest';
import { RETELL_MS, SIGN_OF_LIFE_MS, TICK_MS } from './limits.js';
import { RetellingMember } from './testing/retelling-member.js';

/** A member whose log is some versions long since long before. */
function memberAt(version: number): RetellingMember {
  const member = new RetellingMember();
  member.claim(version - 1);
  member.runTo(20_000);
  return member;
}

describe('what a member tells those that others alone hear', () => {
  it('is nothing while all are reached', () => {
    const member = memberAt(3);
    member.meet('x');
    expect(member.runTo(20_000 + 2 * SIGN_OF_LIFE_MS)).toEqual([]);
  });

  it('is nothing of those that are dead, or that left', () => {
    const member = memberAt(3);
    member.lose('x', 1).judged('dead', member.now);
    member.lose('y', 1).left(1, member.now);
    expect(member.runTo(40_000)).toEqual([]);
  });

  it('is all that they did not tell to hold, once more and again with pauses that double', () => {
    const member = memberAt(4);
    member.lose('x', 2);
    expect(member.tick().effects.broadcasts).toEqual([
      {
        kind: 'delta',
        delta: {
          member: 'self',
          generation: 1,
          from: 2,
          to: 4,
          entries: [3, 4].map((version) => expect.objectContaining({ kind: 'claim', version })),
        },
      },
    ]);
    expect(member.runTo(60_000)).toEqual(
      [2_000, 6_000, 14_000, 30_000].map((after) => [20_000 + after, 2, 4]),
    );
  });

  it('is what all of them lack', () => {
    const member = memberAt(5);
    member.lose('x', 4);
    member.lose('y', 2);
    member.lose('z', 3);
    expect(member.runTo(20_000)).toEqual([[20_000, 2, 5]]);
  });

  it('is nothing where they hold all, or more than there is', () => {
    const member = memberAt(3);
    member.lose('x', 3);
    member.lose('y', 9);
    expect(member.runTo(40_000)).toEqual([]);
  });

  it('is told soon where something changed, and then again as often as at first', () => {
    const member = memberAt(3);
    member.lose('x', 1);
    member.runTo(40_000);
    member.claim();
    expect(member.runTo(50_000)).toEqual([0, 2_000, 6_000].map((after) => [40_000 + after, 1, 4]));
  });

  it('is told no more often than each RETELL_MS, however much changes', () => {
    const member = memberAt(3);
    member.lose('x', 1);
    member.runTo(20_000);
    const toldAt: number[] = [];
    while (member.now < 20_000 + 3 * RETELL_MS) {
      member.claim();
      toldAt.push(...member.runTo(member.now + 200).map(([at]) => at));
    }
    expect([...new Set(toldAt)]).toEqual([1, 2, 3].map((times) => 20_000 + times * RETELL_MS));
  });

  it('waits for changes that are gathered yet', () => {
    const member = memberAt(3);
    member.lose('x', 1);
    const step = member.tick();
    for (let index = 0; index < 9; index += 1)
      member.local.claim({ key: `v/a/gathered${index}`, sinceMs: 1, media: {} }, step);
    expect(member.local.flushAt).not.toBeNull();
    expect(member.runTo(30_000)).toEqual([]);
    member.local.flush(step, true);
    expect(member.runTo(30_000)).toEqual([[30_000, 1, 12]]);
  });

  it('is its profile again, where nothing changes for long', () => {
    const member = memberAt(1);
    member.claim();
    member.lose('x', 2);
    const changedAt = member.now;
    expect(member.runTo(changedAt + SIGN_OF_LIFE_MS - 1)).toEqual([]);
    member.now = changedAt + SIGN_OF_LIFE_MS;
    const [sign, ...others] = member.tick().effects.broadcasts;
    expect(sign).toMatchObject({ delta: { from: 2, to: 3, entries: [{ kind: 'profile', version: 3 }] } });
    expect(others).toEqual([]);
    // That is a change like others: the next one is as long after it.
    const signs = (until: number) => member.runTo(until).filter(([, , to]) => to > 3);
    const next = changedAt + 2 * SIGN_OF_LIFE_MS;
    expect(signs(next - TICK_MS)).toEqual([]);
    expect(signs(next)).toEqual([[next, 3, 4]]);
  });

  describe('depends on whom it tells', () => {
    it('ends when they are reached again, and begins anew when they are lost again', () => {
      const member = memberAt(3);
      const x = member.lose('x', 1);
      member.runTo(40_000);
      x.judged('alive', member.now);
      expect(member.runTo(60_000)).toEqual([]);
      x.judged('unreachable', member.now);
      expect(member.runTo(62_000)).toEqual([
        [60_000, 1, 3],
        [62_000, 1, 3],
      ]);
    });

    it('goes on while they are suspect for a moment', () => {
      const member = memberAt(3);
      const x = member.lose('x', 1);
      member.runTo(21_000);
      x.judged('suspect', member.now);
      expect(member.runTo(25_800)).toEqual([[22_000, 1, 3]]);
      x.judged('unreachable', member.now);
      expect(member.runTo(30_000)).toEqual([[26_000, 1, 3]]);
    });

    it('ends when they are forgotten', () => {
      const member = memberAt(3);
      const x = member.lose('x', 1);
      member.runTo(20_000);
      member.peers.delete(x);
      expect(member.runTo(40_000)).toEqual([]);
    });

    it('is told at once to one that is lost while the pauses for another one are long', () => {
      const member = memberAt(3);
      member.lose('x', 2);
      member.runTo(60_000);
      member.lose('y', 1);
      expect(member.runTo(66_000)).toEqual([60_000, 62_000, 66_000].map((at) => [at, 1, 3]));
    });

    it.each([
      ['by the start that greeted', 0, 2],
      ['not by a later start that others name', 2, 0],
    ])('counts what was held %s', (_, namedAs, from) => {
      const member = memberAt(3);
      const x = member.lose('x', 2);
      x.namedAs = namedAs;
      expect(member.runTo(20_000)).toEqual([[20_000, from, 3]]);
    });

    it('is all again for a later start of them, once', () => {
      const member = memberAt(3);
      member.lose('x', 2);
      member.runTo(60_000);
      member.peers.directory.apply({ member: 'x', generation: 2, from: 0, to: 0, entries: [] });
      expect(member.runTo(66_000)).toEqual([60_000, 62_000, 66_000].map((at) => [at, 0, 3]));
    });

    it('is all of its own later start', () => {
      const member = memberAt(9);
      const x = member.lose('x', 8);
      member.runTo(60_000);
      member.beginGeneration(2);
      x.holds = 0;
      expect(member.tick().effects.broadcasts).toMatchObject([{ delta: { generation: 2, from: 0, to: 9 } }]);
    });
  });
});
