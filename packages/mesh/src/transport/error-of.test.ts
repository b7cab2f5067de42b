import { expect, it } from 'vitest';
import { errorOf } from './error-of.js';

const reset = new TypeError('write ECONNRESET');

it.each<[string, unknown, unknown]>([
  ['an error as it is', reset, reset],
  ['the error of an event', Object.assign(new Event('close'), { error: reset }), reset],
  ['the name of an event without one', new Event('close'), new Error('close')],
  [
    'the name of an event whose error is none',
    Object.assign(new Event('close'), { error: 'x' }),
    new Error('close'),
  ],
  ['what has an error and is no event as text', { error: reset, toString: () => 'odd' }, new Error('odd')],
  ['anything else as text', 'no', new Error('no')],
  ['nothing as text', undefined, new Error('undefined')],
])('tells %s', (_, thrown, error) => {
  expect(errorOf(thrown)).toEqual(error);
});

it('keeps the very error, with its stack', () => {
  expect(errorOf(Object.assign(new Event('close'), { error: reset }))).toBe(reset);
});
