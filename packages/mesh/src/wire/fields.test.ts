import { describe, expect, it } from 'vitest';
import { Fields, WireError } from './fields.js';

const of = (...values: readonly unknown[]) => new Fields(values, 'message');

describe('fields', () => {
  it('are read in order, and beyond the last one there is nothing', () => {
    const fields = of('a', 1, true);
    expect([fields.text('a', 9), fields.count('b'), fields.flag('c')]).toEqual(['a', 1, true]);
    expect([fields.textOrNull(9), fields.numberOrNull(), fields.flagOrNull(), fields.bytesOrNull()]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(() => of().text('name', 9)).toThrow(new WireError('name is no text'));
  });

  it('are those of an array alone', () => {
    expect(() => new Fields({ 0: 'a' }, 'entry')).toThrow(new WireError('entry is no array'));
    expect(() => of({}).fields('held')).toThrow(new WireError('held is no array'));
    expect(of({}).fieldsOrNull('echo')).toBeNull();
  });

  it('may be looked at from further on, also from there', () => {
    const fields = of(0, 1, 2, 3, 4);
    fields.count('first');
    expect(fields.ahead(2).count('fourth')).toBe(3);
    expect(fields.ahead(1).ahead(1).count('fourth')).toBe(3);
    expect(fields.count('second')).toBe(1);
  });

  it.each([
    ['', null],
    ['abc', 'abc'],
    ['abcd', null],
  ])('whole text %j means something only up to its length', (text, expected) => {
    expect(of(text).wholeText('id', 3)).toBe(expected);
    expect(of(text).wholeTextOrNull(3)).toBe(expected);
  });

  it.each([7, null, ['a'], undefined])('%j is no text', (value) => {
    expect(of(value).wholeTextOrNull(3)).toBeNull();
    expect(of(value).textOrNull(3)).toBeNull();
    expect(() => of(value).wholeText('id', 3)).toThrow(new WireError('id is no text'));
  });

  it('text for people is cut, and stays in its line', () => {
    expect(of('abcd').text('name', 3)).toBe('abc');
    expect(of('a\nb\u2028c').textOrNull(9)).toBe('a\ufffdb\ufffdc');
  });

  it.each([0, 2.5, Number.MAX_VALUE])('%d is a number', (value) => {
    expect([of(value).number('load'), of(value).numberOrNull()]).toEqual([value, value]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 10n])('%s is no number', (value) => {
    expect(of(value).numberOrNull()).toBeNull();
    expect(() => of(value).number('load')).toThrow(new WireError('load is no number >= 0'));
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, '1', null])('%s is no count', (value) => {
    expect(() => of(value).count('pull')).toThrow(new WireError('pull is no whole number >= 0'));
  });

  it.each([0, 2 ** 53 - 1])('%d is a count', (value) => expect(of(value).count('pull')).toBe(value));

  it.each([0, 'true', null])('%j is no flag', (value) => {
    expect([of(value).flagOrNull(), of(value).isTrue()]).toEqual([null, false]);
    expect(() => of(value).flag('last')).toThrow(new WireError('last is no boolean'));
  });

  it.each([true, false])('%j is a flag', (value) => {
    expect([of(value).flag('last'), of(value).flagOrNull(), of(value).isTrue()]).toEqual([
      value,
      value,
      value,
    ]);
  });

  it('bytes are bytes', () => {
    const bytes = Buffer.from('ab');
    expect(of(bytes).bytesOrNull()).toBe(bytes);
    expect(of('ab').bytesOrNull()).toBeNull();
  });

  it('lists hold the first items that mean something', () => {
    const even = (value: unknown) => (Number(value) % 2 === 0 ? Number(value) : null);
    expect(of([1, 2, 3, 4, 6, 8]).list('items', 3, even)).toEqual([2, 4, 6]);
    expect(of([1, 2]).listOrNull(3, even)).toEqual([2]);
    expect(of([2, 4]).list('items', 0, even)).toEqual([]);
    expect(of('ab').listOrNull(3, even)).toBeNull();
    expect(() => of('ab').list('items', 3, even)).toThrow(new WireError('items is no array'));
  });
});
