import { describe, expect, it } from 'vitest';
import { readPlayMark, readReplayMs, withPlayMark, withReplayMs } from './play-mark.js';

describe('play marks', () => {
  it.each([
    ['', 'none'],
    ['token=x', 'none'],
    ['headwater=relay', 'relay'],
    ['token=x&headwater=redirected', 'redirected'],
    ['headwater=other', 'none'],
    ['xheadwater=relay', 'none'],
    ['%zz=%', 'none'],
  ] as const)('%j is %s', (query, mark) => {
    expect(readPlayMark(query)).toBe(mark);
  });

  it('are added once, and nothing else changes', () => {
    expect(withPlayMark('', 'relay')).toBe('headwater=relay');
    expect(withPlayMark('token=a%20b&x', 'redirected')).toBe('token=a%20b&x&headwater=redirected');
    expect(withPlayMark('headwater=relay&a=1', 'redirected')).toBe('a=1&headwater=redirected');
  });
});

describe('the replay that a pull asks for', () => {
  it.each([
    ['headwater=relay&replay=5000', 5000],
    ['replay=0', 0],
    ['headwater=relay', 0],
    ['replay=-5', 0],
    ['replay=1e9', 0],
    ['replay=99999999999999', 0],
    ['replay=999999999', 60_000],
    ['replay=%zz', 0],
  ])('%j is %i ms', (query, expected) => {
    expect(readReplayMs(query)).toBe(expected);
  });

  it('is asked for where there is something to go on from', () => {
    expect(withReplayMs('headwater=relay', 0)).toBe('headwater=relay');
    expect(readReplayMs(withReplayMs('headwater=relay', 4999.6))).toBe(5000);
  });
});
