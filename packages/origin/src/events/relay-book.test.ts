import { describe, expect, it } from 'vitest';
import type { OriginEvent } from './origin-event.js';
import { RelayBook } from './relay-book.js';

const switched = (key: string, from: string | null, to: string): OriginEvent => ({
  kind: 'relay-switched',
  key,
  from,
  to,
  gapMs: 40,
  isExact: true,
});
const ended = (key: string, owner: string): OriginEvent => ({
  kind: 'relay-ended',
  key,
  owner,
  reason: 'idle',
});

describe('the book of relays', () => {
  it('has what is pulled from whom at the moment', () => {
    const book = new RelayBook();
    book.note(switched('v/a/1', null, 'a'), 1);
    book.note(switched('v/a/2', null, 'a'), 2);
    book.note(switched('v/a/2', 'a', 'b'), 3);
    // The one before ends after the switch.
    book.note(ended('v/a/2', 'a'), 4);
    expect(book.pulls()).toEqual([
      { owner: 'a', streams: 1, keys: ['v/a/1'] },
      { owner: 'b', streams: 1, keys: ['v/a/2'] },
    ]);
    expect(book.lastSwitch('v/a/2')).toEqual({ atMs: 3, from: 'a', to: 'b', gapMs: 40, isExact: true });
    book.note(ended('v/a/1', 'a'), 5);
    book.note(switched('v/a/2', 'b', 'publisher'), 6);
    expect(book.pulls()).toEqual([]);
    expect(book.lastSwitch('v/a/2')?.to).toBe('publisher');
  });

  it('has a stream as long as one worker pulls it', () => {
    const book = new RelayBook();
    for (const relay of ['r1', 'r2']) book.note({ ...switched('v/a/1', null, 'a'), relay } as OriginEvent, 1);
    expect(book.pulls()).toEqual([{ owner: 'a', streams: 1, keys: ['v/a/1'] }]);
    book.note({ ...ended('v/a/1', 'a'), relay: 'r1' } as OriginEvent, 2);
    expect(book.ownerOf('v/a/1')).toBe('a');
    // The other one goes to another owner, and then to the publisher here.
    const moved = { ...switched('v/a/1', 'a', 'b'), relay: 'r3', fromRelay: 'r2' } as OriginEvent;
    book.note(moved, 3);
    expect(book.pulls()).toEqual([{ owner: 'b', streams: 1, keys: ['v/a/1'] }]);
    book.note({ ...switched('v/a/1', 'b', 'publisher'), fromRelay: 'r3' } as OriginEvent, 4);
    expect(book.pulls()).toEqual([]);
  });

  it('names some of many streams, and forgets the oldest of very many switches', () => {
    const book = new RelayBook();
    for (let index = 0; index < 10_001; index += 1) book.note(switched(`v/a/${index}`, null, 'a'), index);
    expect(book.pulls()).toMatchObject([{ owner: 'a', streams: 10_001 }]);
    expect(book.pulls()[0]?.keys).toHaveLength(8);
    expect(book.lastSwitch('v/a/0')).toBeUndefined();
    expect(book.lastSwitch('v/a/1')).toBeDefined();
  });
});
