import { describe, expect, it } from 'vitest';
import { readConnectTarget, readStreamTarget, redirectUrls } from './stream-target.js';

const VHOSTS = ['v.example.com'];

function read(app: string, tcUrl: string, stream: string) {
  const connect = readConnectTarget(app, tcUrl);
  return connect === null ? null : readStreamTarget(connect, stream, VHOSTS);
}

describe('the stream that a client names', () => {
  it.each([
    ['live', 'rtmp://h/live', 's1', '__defaultVhost__/live/s1', ''],
    ['live/', 'rtmp://h/live/', 's1?token=x', '__defaultVhost__/live/s1', 'token=x'],
    ['live/room', 'rtmp://h/live/room', 's1', '__defaultVhost__/live/room/s1', ''],
    ['live?vhost=v.example.com', 'rtmp://h/live?vhost=v.example.com', 's1', 'v.example.com/live/s1', ''],
    [
      'live...vhost...v.example.com',
      'rtmp://h/live...vhost...v.example.com',
      's1',
      'v.example.com/live/s1',
      '',
    ],
    ['live', 'rtmp://h/live?vhost=v.example.com', 's1', 'v.example.com/live/s1', ''],
    ['live', 'rtmp://h/live', 's1?vhost=v.example.com', 'v.example.com/live/s1', 'vhost=v.example.com'],
    ['live', 'rtmp://v.example.com:1935/live', 's1', 'v.example.com/live/s1', ''],
    ['live?vhost=unknown', 'rtmp://h/live', 's1', '__defaultVhost__/live/s1', ''],
    ['live', '', '/s1', '__defaultVhost__/live/s1', ''],
  ])('%s %s %s', (app, tcUrl, stream, key, query) => {
    const target = read(app, tcUrl, stream);
    expect(target).toMatchObject({ query, mark: 'none' });
    if (target !== null && 'name' in target) {
      expect(`${target.name.vhost}/${target.name.app}/${target.name.stream}`).toBe(key);
    }
  });

  it.each(['', ' ', 'a b', 'a\u0000b', '../x', 'a/b', 'x'.repeat(256)])(
    'says what is wrong with %j',
    (stream) => {
      expect(read('live', 'rtmp://h/live', stream)).toMatchObject({
        problem: expect.stringContaining('the stream'),
      });
    },
  );

  it('has no target without an app', () => {
    expect(read('', 'rtmp://h', 's')).toBeNull();
    expect(read('///', 'rtmp://h', 's')).toBeNull();
  });

  it.each([
    ['rtmp://origin.example.com/live', 'origin.example.com'],
    ['rtmp://127.0.0.1:1935/live', '127.0.0.1'],
    ['rtmp://[2001:db8::1]:1935/live', '2001:db8::1'],
    ['nonsense', undefined],
    [`rtmp://${'x'.repeat(10_000)}`, 'x'.repeat(2041)],
  ])('reached by %s', (tcUrl, host) => {
    expect(readConnectTarget('live', tcUrl)?.host).toBe(host);
  });
});

describe('redirect URLs', () => {
  const address = { network: 'n', host: 'b.example.com', rtmpPort: 1935, httpPort: 8080 };
  const targetOf = (stream: string, app = 'live') => {
    const target = read(app, 'rtmp://h/live', stream);
    if (target === null || 'problem' in target) throw new Error('bad target');
    return target;
  };

  it('are what SRS sends to its edges', () => {
    expect(redirectUrls(address, targetOf('s1?token=x'), true)).toEqual({
      tcUrl: 'rtmp://b.example.com:1935/live',
      url: 'rtmp://b.example.com:1935/live/s1',
    });
  });

  it('carry parameters, vhost and mark for others', () => {
    const target = targetOf('s1?token=a%2Fb', 'live?vhost=v.example.com');
    expect(redirectUrls({ ...address, host: '2001:db8::1' }, target, false).url).toBe(
      'rtmp://[2001:db8::1]:1935/live/s1?token=a%2Fb&vhost=v.example.com&headwater=redirected',
    );
  });
});
