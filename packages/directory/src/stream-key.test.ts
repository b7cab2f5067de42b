import { describe, expect, it } from 'vitest';
import { displayStreamKey, nameProblem, parseStreamKey, streamKey } from './stream-key.js';

describe('stream keys', () => {
  it('split at the first and the last slash, so an app may hold slashes', () => {
    const name = { vhost: 'v', app: 'live/room', stream: 's1' };
    expect(streamKey(name)).toBe('v/live/room/s1');
    expect(parseStreamKey('v/live/room/s1')).toEqual(name);
  });

  it.each(['', 'a', 'a/b', '/a/b', 'v//s', 'v/a/', 'v/../s', 'v/a/./s', 'v/a b/s', 'v/a/s?x', 'v/a/\u0000'])(
    'refuse %j',
    (text) => {
      expect(parseStreamKey(text)).toBeNull();
    },
  );

  it('take any other letters', () => {
    for (const stream of ['s1', 'Ünïcödé', '直播', 'a.b-c_d~e', 'a=b&c', '%41']) {
      expect(nameProblem('stream', stream)).toBeNull();
    }
  });

  it('refuse half a surrogate pair, which no UTF-8 can carry', () => {
    expect(nameProblem('stream', 'a\ud800')).toContain('well-formed');
  });

  it('hide the default vhost from people', () => {
    expect(displayStreamKey('__defaultVhost__/live/s1')).toBe('live/s1');
    expect(displayStreamKey('v/live/s1')).toBe('v/live/s1');
  });
});
