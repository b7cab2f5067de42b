import { describe, expect, it } from 'vitest';
import { readPlayMark, withPlayMark } from './play-mark.js';

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
