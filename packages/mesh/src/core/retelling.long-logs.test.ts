import { describe, expect, it } from 'vitest';
import { RELEASES_MAX, RETELL_BEFORE_MS } from './limits.js';
import { RetellingMember } from './testing/retelling-member.js';

describe('a log too long for one repetition', () => {
  it('is told in several, one soon after the other, and from the beginning the next time', () => {
    const member = new RetellingMember();
    member.claimLong(10);
    member.runTo(20_000);
    member.lose('x', 0);
    expect(member.runTo(32_000)).toEqual([
      [20_000, 0, 4],
      [20_000, 4, 7],
      [22_000, 7, 10],
      [22_000, 10, 11],
      [24_000, 0, 4],
      [24_000, 4, 7],
      [26_000, 7, 10],
      [26_000, 10, 11],
      [30_000, 0, 4],
      [30_000, 4, 7],
      [32_000, 7, 10],
      [32_000, 10, 11],
    ]);
  });

  it('is begun anew for who is lost meanwhile', () => {
    const member = new RetellingMember();
    member.claimLong(10);
    member.runTo(20_000);
    member.lose('x', 1);
    member.runTo(20_000);
    member.lose('y', 0);
    expect(member.runTo(22_000)).toEqual([
      [22_000, 0, 4],
      [22_000, 4, 7],
    ]);
  });

  it('does not delay what changed since they were lost, or shortly before', () => {
    const member = new RetellingMember();
    member.claimLong(15);
    member.runTo(20_000);
    member.claim();
    member.runTo(25_000);
    member.lose('x', 0);
    member.claim();
    expect(member.runTo(27_000)).toEqual([
      [25_000, 0, 4],
      [25_000, 4, 7],
      [25_000, 16, 18],
      [27_000, 7, 10],
      [27_000, 10, 13],
      [27_000, 16, 18],
    ]);
    member.runTo(60_000);
    member.claim();
    expect(member.runTo(66_000)).toContainEqual([expect.any(Number), 16, 19]);
  });

  it.each([
    ['as far as RETELL_BEFORE_MS before they were lost', RETELL_BEFORE_MS + 400, 16],
    ['no further', RETELL_BEFORE_MS + 10_000, 17],
  ])('does not delay what changed lately, %s', (_, beforeMs, from) => {
    const member = new RetellingMember();
    member.claimLong(15);
    member.runTo(60_000 - beforeMs);
    member.claim();
    member.runTo(60_000 - 400);
    member.claim();
    member.runTo(60_000);
    member.lose('x', 0);
    expect(member.runTo(60_000).at(-1)).toEqual([60_000, from, 18]);
  });

  it('does not delay what any of them lacks of late, whose later start is known last', () => {
    const member = new RetellingMember();
    member.claimLong(15);
    member.runTo(20_000);
    const x = member.lose('x', 0);
    member.runTo(40_000);
    member.claim();
    member.runTo(60_000);
    member.lose('y', 0);
    member.claim();
    member.runTo(80_000);
    x.namedAs = 2;
    member.runTo(80_000);
    member.claim();
    expect(member.runTo(82_000)).toContainEqual([expect.any(Number), 17, 19]);
  });

  it('hides no change behind a burst: of what does not fit, the latest is told', () => {
    const member = new RetellingMember();
    member.runTo(20_000);
    member.lose('x', 0);
    member.claimLong(20);
    member.runTo(28_000);
    member.claim();
    expect(member.runTo(30_000).at(-1)).toEqual([30_000, 21, 22]);
  });
});

describe('a log that forgot what they lack', () => {
  /** So many claims came and went that the first releases are forgotten. */
  function forgetful(): RetellingMember {
    const member = new RetellingMember();
    const { log } = member.local;
    for (let index = 0; index <= RELEASES_MAX; index += 1) {
      log.claim({ key: `v/a/${index}`, sinceMs: 1, media: {} });
      log.release(`v/a/${index}`);
    }
    expect(log.reachesBackTo(1)).toBe(false);
    member.runTo(20_000);
    return member;
  }

  it('is told as far as it changed lately, and of others that hold more as if they were alone', () => {
    const member = forgetful();
    const { version } = member.local.position;
    member.lose('x', 1);
    member.claim();
    expect(member.runTo(20_000)).toEqual([[20_000, version, version + 1]]);
    member.lose('y', version - 1);
    expect(member.runTo(24_000).map(([, from, to]) => [from, to])).toEqual([
      [version - 1, version + 1],
      [version - 1, version + 1],
    ]);
  });
});
