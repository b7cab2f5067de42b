import { expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.js';
import { suggestKeys } from './option-lookup.js';

it.each([
  ['explian', ['explain']],
  ['memebrs', ['members']],
  ['Streams', ['streams']],
  ['xyz', []],
  ['', []],
])('nearest(%j) is %j', (word, expected) => {
  expect(nearest(word, ['explain', 'members', 'streams', 'key'])).toEqual(expected);
});

it('gives all that are equally near, and says so', () => {
  expect(nearest('cat', ['bat', 'hat', 'house'])).toEqual(['bat', 'hat']);
  expect(didYouMean(['bat', 'hat', 'rat'])).toBe('; did you mean bat, hat or rat?');
  expect(didYouMean([])).toBe('');
});

it('stays cheap with absurd words', () => {
  expect(nearest('x'.repeat(1_000_000), ['explain'])).toEqual([]);
});

it.each([
  ['mesh.sedes', ['mesh.seeds']],
  ['mesh.suspect_after_ms', ['mesh.suspectAfterMs']],
  ['rtpm', ['rtmp']],
  ['seeds', ['mesh.seeds']],
  ['port', ['rtmp.port', 'rtmps.port', 'http.port', 'https.port', 'api.port', 'metrics.port', 'mesh.port']],
  ['apps.live.mode', ['apps.live.play.mode']],
  ['apps.live.play.mod', ['apps.live.play.mode']],
  ['quite.something.else', []],
])('suggests for the key %s: %j', (path, expected) => expect(suggestKeys(path)).toEqual(expected));
