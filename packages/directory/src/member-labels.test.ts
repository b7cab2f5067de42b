import { expect, it } from 'vitest';
import { isMemberName, isNetworkName, isZone } from './member-labels.js';

it.each([
  ['origin-a', true],
  ['a.b_c-1', true],
  ['x'.repeat(63), true],
  ['x'.repeat(64), false],
  ['-a', false],
  ['a b', false],
  ['a\r\nb', false],
  ['', false],
])('isMemberName %j: %s', (text, expected) => expect(isMemberName(text)).toBe(expected));

it.each([
  ['inside', true],
  ['net_1-a', true],
  ['x'.repeat(63), true],
  ['x'.repeat(64), false],
  ['_a', false],
  ['a.b', false],
  ['', false],
  ['a\n', false],
])('isNetworkName %j: %s', (text, expected) => expect(isNetworkName(text)).toBe(expected));

it.each([
  ['eu-west-1a', true],
  ['Rack 7, Köln', true],
  ['z', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  [' a', false],
  ['a\nb', false],
  ['a\u2028b', false],
  ['\ud800', false],
  ['', false],
])('isZone %j: %s', (text, expected) => expect(isZone(text)).toBe(expected));
