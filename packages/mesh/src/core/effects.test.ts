import { OwnersChange } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { Effects } from './effects.js';

describe('what is to be done after a step', () => {
  it('is nothing where nothing happened', () => {
    const { changedStreams, changedMembers, generation, ...lists } = new Effects();
    expect([changedStreams.isEmpty, changedMembers.size, generation]).toEqual([true, 0, null]);
    for (const [name, list] of Object.entries(lists)) expect(list, name).toEqual([]);
  });

  it('is kept in the order in which it came up', () => {
    const effects = new Effects();
    for (const [to, pull] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      effects.send(to, { kind: 'more', pull });
    expect(effects.sends.map(({ to, message }) => [to, message])).toEqual([
      ['a', { kind: 'more', pull: 1 }],
      ['b', { kind: 'more', pull: 2 }],
      ['a', { kind: 'more', pull: 3 }],
    ]);
    effects.log('info', 'first', { member: 'a' });
    effects.log('warn', 'second', {});
    expect(effects.facts).toEqual([
      { level: 'info', msg: 'first', fields: { member: 'a' } },
      { level: 'warn', msg: 'second', fields: {} },
    ]);
  });

  it('names each stream that any part of the step changed', () => {
    const effects = new Effects();
    for (const key of ['v/live/one', 'v/live/two', 'v/live/one']) {
      const change = new OwnersChange();
      change.add(key);
      effects.changed(change);
    }
    expect([...effects.changedStreams].sort()).toEqual(['v/live/one', 'v/live/two']);
  });
});
