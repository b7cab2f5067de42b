import { describe, expect, it } from 'vitest';
import { ALL_STREAMS, OwnersChange } from './owners-change.js';

/** Streams that say how often they were walked, and how often they were asked. */
function counting(...keys: string[]) {
  const set = new Set(keys);
  const counted = { walked: 0, asked: 0 };
  return {
    counted,
    get size() {
      return set.size;
    },
    has(key: string) {
      counted.asked += 1;
      return set.has(key);
    },
    *keys() {
      for (const key of set) {
        counted.walked += 1;
        yield key;
      }
    },
  };
}

describe('a change of owners', () => {
  it('touches streams by name, and all that a member claims', () => {
    const change = OwnersChange.of(new Set(['x', 'y']));
    change.add('a');
    expect(['a', 'x', 'y', 'z'].map((key) => change.touches(key))).toEqual([true, true, true, false]);
    expect([...change].sort()).toEqual(['a', 'x', 'y']);
    expect([...change.among(ALL_STREAMS)].sort()).toEqual(['a', 'x', 'y']);
    expect([...change.among(new Set(['y', 'z', 'a']))].sort()).toEqual(['a', 'y']);
    expect([...change.among(new Set(['y', 'z']))]).toEqual(['y']);
  });

  it('is empty where nothing is in it', () => {
    const change = OwnersChange.of(new Set());
    expect(change.isEmpty).toBe(true);
    change.join(new OwnersChange());
    expect([change.isEmpty, change.touches('a'), [...change]]).toEqual([true, false, []]);
    const named = new OwnersChange();
    named.add('a');
    expect(named.isEmpty).toBe(false);
    expect(OwnersChange.of(new Set(['a'])).isEmpty).toBe(false);
  });

  it('takes another one in', () => {
    const change = OwnersChange.of(new Set(['x']));
    const other = OwnersChange.of(new Set(['y']));
    other.add('a');
    change.join(other);
    expect([...change].sort()).toEqual(['a', 'x', 'y']);
    expect([...other].sort()).toEqual(['a', 'y']);
  });

  it('walks the lesser of what a member claims and what somebody looks at', () => {
    const claims = counting(...Array.from({ length: 100 }, (_, index) => `s${index}`));
    const change = OwnersChange.of(claims);
    expect([...change.among(new Set(['s5', 'none']))]).toEqual(['s5']);
    expect(claims.counted).toEqual({ walked: 0, asked: 2 });
    const many = counting(...Array.from({ length: 1_000 }, (_, index) => `s${index}`));
    expect(change.among(many).size).toBe(100);
    expect([claims.counted.walked, many.counted]).toEqual([100, { walked: 0, asked: 100 }]);
  });
});
