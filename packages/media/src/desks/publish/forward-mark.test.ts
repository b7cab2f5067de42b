import { expect, it } from 'vitest';
import { forwardQuery, readForwardMark } from './forward-mark.js';

it('is read as it was written', () => {
  expect(readForwardMark(forwardQuery('e 1&x', { replaces: 'Qm1' }, 'proof=ab'))).toEqual({
    replaces: 'Qm1',
  });
  expect(readForwardMark(forwardQuery('e', { replaces: null }, ''))).toEqual({ replaces: null });
  expect(forwardQuery('e 1', { replaces: 'Qm1' }, 'proof=ab')).toBe(
    'headwater=forward&member=e%201&replaces=Qm1&proof=ab',
  );
  expect(forwardQuery('e', { replaces: null }, '')).toBe('headwater=forward&member=e');
});

it.each(['', 'key=1', 'headwater=relay', 'headwater=forward1', 'forward'])(
  'is none in a client’s own parameters: %s',
  (query) => {
    expect(readForwardMark(query)).toBeNull();
  },
);

it.each(['', 'a b', '../x', 'x'.repeat(65)])('takes the place of nobody who is no member: "%s"', (id) => {
  expect(readForwardMark(`headwater=forward&replaces=${encodeURIComponent(id)}`)).toEqual({ replaces: null });
});
