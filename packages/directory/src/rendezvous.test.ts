import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { type Candidate, choose, ranked } from './rendezvous.js';

const candidate = (member: string, zone?: string): Candidate => ({
  member,
  profile: profileOf(member, zone === undefined ? {} : { zone }),
});
const ALL = ['a', 'b', 'c', 'd'].map((member) => candidate(member));
const KEYS = Array.from({ length: 2_000 }, (_, index) => `v/live/s${index}`);
const chosen = (candidates: readonly Candidate[], zone?: string) =>
  KEYS.map((key) => choose(key, candidates, zone)?.member);

describe('the member chosen for a stream', () => {
  it('is the same in whatever order the candidates come', () => {
    expect(chosen([...ALL].reverse())).toEqual(chosen(ALL));
    expect(choose('v/live/s', [], undefined)).toBeNull();
  });

  it('is each of them about as often', () => {
    for (const { member } of ALL) {
      const share = chosen(ALL).filter((one) => one === member).length / KEYS.length;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
  });

  it('stays where another candidate goes', () => {
    const before = chosen(ALL);
    const after = chosen(ALL.slice(1));
    for (const [index, member] of before.entries()) if (member !== 'a') expect(after[index]).toBe(member);
    expect(after).not.toContain('a');
  });

  it('is one of the own zone where there is any', () => {
    const zoned = [candidate('a', 'west'), candidate('b', 'east'), candidate('c', 'east'), candidate('d')];
    expect(new Set(chosen(zoned, 'east'))).toEqual(new Set(['b', 'c']));
    expect(new Set(chosen(zoned, 'north'))).toEqual(new Set(['a', 'b', 'c', 'd']));
    expect(new Set(chosen(zoned))).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  it('is the one with the lower id where two have the same hash', () => {
    // Found by trying: for this stream they have.
    const twins = ['10l4cy9t', '2hvp0n28'].map((member) => candidate(member));
    for (const both of [twins, [...twins].reverse()]) {
      expect(choose('v/live/s', both, undefined)?.member).toBe('10l4cy9t');
      expect(ranked('v/live/s', both).map(({ member }) => member)).toEqual(['10l4cy9t', '2hvp0n28']);
    }
  });

  it('is the first in their order, and each next one is who is chosen without those before', () => {
    for (const key of KEYS.slice(0, 50)) {
      let left = ALL;
      for (const { member } of ranked(key, [...ALL].reverse())) {
        expect(choose(key, left, undefined)?.member).toBe(member);
        left = left.filter((one) => one.member !== member);
      }
      expect(left).toEqual([]);
    }
  });

  it('is told by FNV-1a, mixed: members of any version choose alike', () => {
    expect(
      KEYS.slice(0, 12)
        .map((key) => choose(key, ALL, undefined)?.member)
        .join(''),
    ).toBe('abbdbabdbbbc');
  });
});
