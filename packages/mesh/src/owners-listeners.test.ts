import { OwnersChange } from '@headwater/directory';
import { until } from '@headwater/testing/until';
import { describe, expect, it } from 'vitest';
import { OwnersListeners } from './owners-listeners.js';

const faults: unknown[] = [];
const listeners = () => new OwnersListeners((error) => faults.push(error));
const named = (...keys: string[]): OwnersChange => {
  const change = new OwnersChange();
  for (const key of keys) change.add(key);
  return change;
};
/** Takes as long as a slice of work. */
const dawdle = (): void => {
  const endsAt = performance.now() + 2;
  while (performance.now() < endsAt) {}
};

describe('listeners of owners', () => {
  it('are told at once of what they look at, and of nothing else', () => {
    const all = listeners();
    const told: string[] = [];
    const interest = new Set(['a', 'b']);
    const stop = all.add((key) => told.push(key), interest);
    all.tell(named('a', 'x'));
    interest.add('x');
    all.tell(named('x'));
    all.tell(OwnersChange.of(new Set(['b', 'y'])));
    all.tell(new OwnersChange());
    expect(told).toEqual(['a', 'x', 'b']);
    stop();
    all.tell(named('a'));
    expect(told).toHaveLength(3);
  });

  it('that throw keep nobody from being told', async () => {
    const all = listeners();
    const told: string[] = [];
    const interest = new Set(['a', 'b']);
    all.add(() => {
      throw new Error('of the listener');
    }, interest);
    all.add((key) => told.push(key), interest);
    all.tell(named('a', 'b'));
    await until(() => told.length === 2, 'both');
    expect(told).toEqual(['a', 'b']);
    expect(faults.splice(0).map(String)).toEqual(['Error: of the listener', 'Error: of the listener']);
  });

  it('are told of many in slices, once of each, whatever comes meanwhile', async () => {
    const all = listeners();
    const told: string[] = [];
    const keys = ['a', 'b', 'c', 'd'];
    all.add((key) => {
      told.push(key);
      dawdle();
    }, new Set(keys));
    all.tell(OwnersChange.of(new Set(keys)));
    expect(told).toEqual(['a']);
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (told.length < 5) setImmediate(count);
    };
    setImmediate(count);
    // Told already, and to be told still: again, and once.
    all.tell(named('a', 'd'));
    expect(told).toEqual(['a']);
    await until(() => told.length === 5, 'all');
    expect(told).toEqual(['a', 'b', 'c', 'd', 'a']);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it('are told nothing more once they, or all, are stopped', async () => {
    const all = listeners();
    const told: string[] = [];
    const interest = new Set(['a', 'b']);
    const stopFirst = all.add((key) => {
      told.push(`first ${key}`);
      dawdle();
      stopFirst();
    }, interest);
    all.add((key) => {
      told.push(`second ${key}`);
      dawdle();
      all.stop();
    }, interest);
    all.tell(named('a', 'b'));
    for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
    expect(told).toEqual(['first a', 'second a']);
    all.tell(named('a'));
    expect(told).toHaveLength(2);
  });
});
