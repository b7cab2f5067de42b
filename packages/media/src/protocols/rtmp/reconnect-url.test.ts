import { expect, it } from 'vitest';
import { reconnectUrl } from './reconnect-url.js';
import { readConnectTarget, readStreamTarget } from './stream-target.js';

const ADDRESS = { network: 'n', host: '10.0.0.2', rtmpPort: 1936, httpPort: 1, rtmpsPort: 1444 };

/** Where a client that told this goes on. */
function url(app: string, tcUrl: string, key = 's', user: { user?: string; password?: string } = {}): string {
  const connect = readConnectTarget(app, tcUrl);
  const target = readStreamTarget(connect, key, ['v.example', 'live.example']);
  if ('problem' in target) throw new Error(target.problem);
  return reconnectUrl(ADDRESS, { target: connect, ...user }, target, connect.isSecure);
}

it.each([
  ['the app', 'live', 'rtmp://a/live', 'rtmp://10.0.0.2:1936/live'],
  ['the scheme', 'live', 'rtmps://a:443/live', 'rtmps://10.0.0.2:1444/live'],
  ['an app with slashes', 'live/room', 'rtmp://a/live/room', 'rtmp://10.0.0.2:1936/live/room'],
  [
    'the query, once',
    'live?token=x&k=1',
    'rtmp://a/live?token=x&k=1',
    'rtmp://10.0.0.2:1936/live?token=x&k=1',
  ],
  [
    'a vhost in the query',
    'live?vhost=v.example',
    'rtmp://a/live',
    'rtmp://10.0.0.2:1936/live?vhost=v.example',
  ],
  ['a vhost by its host', 'live', 'rtmp://live.example/live', 'rtmp://10.0.0.2:1936/live?vhost=live.example'],
  ['no tcUrl', 'live', '', 'rtmp://10.0.0.2:1936/live'],
])('keeps %s', (_, app, tcUrl, expected) => {
  expect(url(app, tcUrl)).toBe(expected);
});

it('means the same stream by a vhost in the app', () => {
  const again = url('live...vhost...v.example', 'rtmp://a/live...vhost...v.example');
  expect(new URL(again.replace('rtmp:', 'http:')).pathname).toBe('/live...vhost...v.example');
});

it('leaves a vhost alone that goes with the stream', () => {
  expect(url('live', 'rtmp://a/live', 's?vhost=v.example')).toBe('rtmp://10.0.0.2:1936/live');
});

it('keeps user and password, and brackets around IPv6', () => {
  expect(url('live', 'rtmp://a/live', 's', { user: 'u@x', password: 'p:/' })).toBe(
    'rtmp://u%40x:p%3A%2F@10.0.0.2:1936/live',
  );
  const connect = readConnectTarget('live', 'rtmp://a/live');
  const target = { name: { vhost: '__defaultVhost__', app: 'live', stream: 's' }, query: '' };
  expect(reconnectUrl({ ...ADDRESS, host: '::1' }, { target: connect }, target, false)).toBe(
    'rtmp://[::1]:1936/live',
  );
});
