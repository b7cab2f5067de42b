import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedKeys } from './ordered-keys.js';

describe('ordered keys', () => {
  it('are as if sorted anew after each change', () => {
    const change = fc.record({ key: fc.stringMatching(/^[a-c]{1,3}$/), isAdded: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 200 }),
        fc.string(),
        fc.nat({ max: 5 }),
        (changes, from, max) => {
          const keys = new OrderedKeys();
          const all = new Set<string>();
          for (const { key, isAdded } of changes) {
            if (!isAdded) keys.delete(key);
            else if (!all.has(key)) keys.add(key);
            if (isAdded) all.add(key);
            else all.delete(key);
          }
          const sorted = [...all].sort();
          expect(keys.from('', 1_000)).toEqual(sorted);
          expect(keys.from(from, max)).toEqual(sorted.filter((key) => key >= from).slice(0, max));
        },
      ),
    );
  });

  it('stay in order over many blocks, whatever the order in which they come and go', () => {
    const keys = new OrderedKeys();
    const all = Array.from({ length: 5_000 }, (_, index) => String((index * 3571) % 5_000).padStart(4, '0'));
    for (const key of all) keys.add(key);
    const sorted = [...all].sort();
    expect(keys.from('', 10_000)).toEqual(sorted);
    expect(keys.from('2500', 3)).toEqual(['2500', '2501', '2502']);
    expect(keys.from('2500x', 2)).toEqual(['2501', '2502']);
    expect(keys.from('4999x', 2)).toEqual([]);
    for (const key of all) if (Number(key) % 3 > 0) keys.delete(key);
    keys.delete('none');
    expect(keys.from('', 10_000)).toEqual(sorted.filter((key) => Number(key) % 3 === 0));
    for (const key of all) keys.delete(key);
    expect(keys.from('', 10)).toEqual([]);
    keys.add('again');
    expect(keys.from('', 10)).toEqual(['again']);
  });
});
