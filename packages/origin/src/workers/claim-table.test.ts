import { claimOf } from '@headwater/testing/claim-of';
import { describe, expect, it } from 'vitest';
import { ClaimTable } from './claim-table.js';

const claim = (name: string, sinceMs = 0) => ({ ...claimOf(name), sinceMs });
const { key } = claim('s');

describe('two workers that accepted a publisher of one stream', () => {
  it.each(['backup', 'reject'] as const)(
    'the first keeps it by %s, also when the other tells more',
    (policy) => {
      const table = new ClaimTable<string>();
      expect(table.claim('one', claim('s', 5), policy)).toEqual({ stands: true, ended: null });
      expect(table.claim('two', claim('s', 6), policy)).toEqual({ stands: false });
      expect(table.claim('one', claim('s', 5), policy)).toEqual({ stands: true, ended: null });
      // Its end is not the end of the stream.
      expect(table.release('two', key)).toBe(false);
      expect(table.release('one', key)).toBe(true);
      expect(table.claim('two', claim('s', 7), policy)).toEqual({ stands: true, ended: null });
    },
  );

  it('the newer one has it by takeover, whatever the older one still tells', () => {
    const table = new ClaimTable<string>();
    table.claim('one', claim('s', 5), 'takeover');
    expect(table.claim('two', claim('s', 6), 'takeover')).toEqual({
      stands: true,
      ended: { worker: 'one', claim: claim('s', 5) },
    });
    expect(table.claim('one', claim('s', 5), 'takeover')).toEqual({ stands: false });
    expect(table.release('one', key)).toBe(false);
    expect([...table.entries()].map(({ worker }) => worker)).toEqual(['two']);
  });
});

it('what a worker had is free when it is gone', () => {
  const table = new ClaimTable<string>();
  table.claim('one', claim('a'), 'backup');
  table.claim('two', claim('b'), 'backup');
  table.claim('one', claim('c'), 'backup');
  expect(table.releaseAll('one')).toEqual([claim('a').key, claim('c').key]);
  expect([...table.entries()].map(({ claim: { key: held } }) => held)).toEqual([claim('b').key]);
  expect(table.releaseAll('one')).toEqual([]);
});
