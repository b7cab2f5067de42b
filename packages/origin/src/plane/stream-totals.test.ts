import type { StreamTotal } from '@headwater/media';
import { describe, expect, it } from 'vitest';
import { mergeStreamTotals } from './stream-totals.js';

const total = (key: string, players: number, bytesIn: number, bytesOut: number): StreamTotal => ({
  key,
  players,
  bytesIn,
  bytesOut,
});

describe('mergeStreamTotals', () => {
  const answers = [
    [total('a', 1, 10, 5), total('c', 2, 7, 1)],
    [],
    [total('b', 4, 1, 1), total('c', 3, 9, 2), total('d', 1, 1, 1)],
    [total('c', 1, 8, 4)],
  ];

  it('has each stream once, in the order of keys: players and bytes sent of all workers, the most that came in', () => {
    expect(mergeStreamTotals(answers, 9)).toEqual([
      total('a', 1, 10, 5),
      total('b', 4, 1, 1),
      total('c', 6, 9, 7),
      total('d', 1, 1, 1),
    ]);
  });

  it('ends after so many, the last of them whole', () => {
    expect(mergeStreamTotals(answers, 3).map(({ key, players }) => [key, players])).toEqual([
      ['a', 1],
      ['b', 4],
      ['c', 6],
    ]);
    expect(mergeStreamTotals([], 3)).toEqual([]);
  });
});
