import { describe, expect, it } from 'vitest';
import {
  appOf,
  displayStreamKey,
  NAME_LENGTH_MAX,
  nameProblem,
  parseStreamKey,
  streamKey,
  streamNameProblem,
} from './stream-key.js';

describe('stream keys', () => {
  it('split at the first and the last slash, so an app may hold slashes', () => {
    const name = { vhost: 'v', app: 'live/room', stream: 's1' };
    expect(streamKey(name)).toBe('v/live/room/s1');
    expect(parseStreamKey('v/live/room/s1')).toEqual(name);
  });

  it.each([
    '',
    'a',
    'ab',
    'a/b',
    'v//a/s',
    'v/a//b/s',
    '/a/b',
    'v//s',
    'v/a/',
    'v/../s',
    'v/a/./s',
    'v/a b/s',
    'v/a/s?x',
    'v/a/\u0000',
  ])('refuse %j', (text) => {
    expect(parseStreamKey(text)).toBeNull();
  });

  it('take any other letters', () => {
    for (const stream of ['s1', 'Ünïcödé', '直播', 'a.b-c_d~e', 'a=b&c', '%41']) {
      expect(nameProblem('stream', stream)).toBeNull();
    }
  });

  it.each([
    ['vhost', '', 'the vhost is empty'],
    ['app', 'x'.repeat(256), 'the app is 256 characters long, at most 255 are allowed'],
    ['app', 'x'.repeat(255), null],
    ['stream', 'a b', 'the stream has a blank, a control character or one of ? # \\'],
    ['stream', 'a\ud800', 'the stream is not well-formed Unicode'],
    ['stream', 'a/b', 'the stream has a slash'],
    ['vhost', 'a/b', 'the vhost has a slash'],
    ['app', 'a/b', null],
    ['app', 'a//b', 'the app has an empty or dotted part'],
    ['app', '/a', 'the app has an empty or dotted part'],
    ['app', 'a/..', 'the app has an empty or dotted part'],
    ['stream', '.', 'the stream has an empty or dotted part'],
  ] as const)('say what is wrong with the %s %j', (what, text, problem) => {
    expect(nameProblem(what, text)).toBe(problem);
  });

  it('say what is wrong first, from vhost to stream', () => {
    const good = { vhost: 'v', app: 'a', stream: 's' };
    expect(streamNameProblem(good)).toBeNull();
    expect(streamNameProblem({ ...good, stream: '' })).toBe('the stream is empty');
    expect(streamNameProblem({ ...good, app: '', stream: '' })).toBe('the app is empty');
    expect(streamNameProblem({ vhost: '', app: '', stream: '' })).toBe('the vhost is empty');
  });

  it('refuse half a surrogate pair, which no UTF-8 can carry', () => {
    expect(nameProblem('stream', 'a\ud800')).toContain('well-formed');
  });

  it('hide the default vhost from people', () => {
    expect(displayStreamKey('__defaultVhost__/live/s1')).toBe('live/s1');
    expect(displayStreamKey('v/live/s1')).toBe('v/live/s1');
  });
});

it.each(['__defaultVhost__/live/s', 'v.example/live/room/1/s', 'v/a/b'])(
  'the app of %s is told without the rest',
  (key) => {
    expect(appOf(key)).toBe(parseStreamKey(key)?.app);
  },
);

it('a name may be as long as the limit, whatever its letters', () => {
  for (const letter of ['a', 'é', '.a']) {
    const longest = letter.repeat(NAME_LENGTH_MAX).slice(0, NAME_LENGTH_MAX);
    expect(nameProblem('app', longest)).toBeNull();
    expect(nameProblem('app', `${longest}a`)).toContain('256 characters long');
  }
});
