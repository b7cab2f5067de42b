import { type StreamName, streamKey, streamNameProblem } from '@headwater/directory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relayTarget } from '../../relay/rtmp-upstream.js';
import { readFlvTarget } from '../http/flv-target.js';
import { streamWithQuery, tcUrl } from './rtmp-target.js';
import { readConnectTarget, readStreamTarget, redirectUrls } from './stream-target.js';

const VHOSTS = ['v.example.com'];

function read(app: string, tcUrl: string, stream: string) {
  return readStreamTarget(readConnectTarget(app, tcUrl), stream, VHOSTS);
}

/** The key, or the problem. */
function keyOf(target: { readonly name: StreamName } | { readonly problem: string }): string {
  return 'problem' in target ? target.problem : streamKey(target.name);
}

const PLAIN = { isSrsEdge: false, isSecure: false };

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
    expect(keyOf(target)).toBe(key);
  });

  it.each(['', ' ', 'a b', 'a\u0000b', '../x', 'a//b', 'a/', 'x'.repeat(256)])(
    'says what is wrong with %j',
    (stream) => {
      expect(read('live', 'rtmp://h/live', stream)).toMatchObject({
        problem: expect.stringContaining('the stream'),
      });
    },
  );

  it.each([
    ['', 's', 'the stream has no app'],
    ['', '/s?x', 'the stream has no app'],
    ['///', 's', 'empty or dotted part'],
    ['live//', 's', 'empty or dotted part'],
    ['live', '//s', 'empty or dotted part'],
    ['live/a', '', 'the stream key is empty'],
    ['live/a', '/', 'the stream key is empty'],
    ['live/a', '?token=x', 'the stream key is only a query'],
    ['live/a', '/?token=x', 'the stream key is only a query'],
    ['live', '100%', 'is written %25'],
    ['live', 'a%2Fb', 'an encoded slash'],
    ['live?vhost=v.example.com/room', 's', 'the vhost has a slash'],
  ])('is refused with words rather than taken for another: %j %j', (app, stream, text) => {
    expect(read(app, 'rtmp://h/x', stream)).toMatchObject({ problem: expect.stringContaining(text) });
  });

  // As ffmpeg and mpv, OBS, GStreamer and rtmpdump split one URL.
  it.each([
    ['live/room', 'cam/main'],
    ['live', 'room/cam/main'],
    ['live/room/cam', 'main'],
    ['', 'live/room/cam/main'],
    ['/live/room/cam/', '/main'],
  ])('is one thing wherever the client splits: %j %j', (app, stream) => {
    expect(keyOf(read(app, '', stream))).toBe('__defaultVhost__/live/room/cam/main');
  });

  it.each([
    'a...b',
    'a...b...c',
    's.',
    's.flv',
    'mp4:s',
    'S',
    'a&b=c',
    'a+b',
    '直播',
    '%E7%9B%B4%E6%92%AD',
    '100%25',
    'a%3Ab',
    'a%2541',
  ])('is the same by HTTP, and no other: %s', (path) => {
    const http = readFlvTarget(`/live/${path}.flv`, undefined, VHOSTS);
    const rtmp = read('live', 'rtmp://h/live', path);
    expect(keyOf(rtmp)).toBe(`__defaultVhost__/live/${decodeURIComponent(path)}`);
    expect(keyOf(http)).toBe(keyOf(rtmp));
  });

  it('of every legal name is pulled by that name, and found by it at HTTP', () => {
    const letters = fc.constantFrom(...'aZ09.%-_~&=+:;,@!*()[]{}|"ü直😀', '%25', '%2F', '...', '...vhost...');
    const word = fc.string({ unit: letters, minLength: 1, maxLength: 12 });
    const segments = fc.array(word, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(segments, word, (app, stream) => {
        const name = { vhost: '__defaultVhost__', app: app.join('/'), stream };
        // SRS's form of a vhost is never part of a name that anybody could have published.
        fc.pre(streamNameProblem(name) === null && !/\.\.\.vhost\.\.\.[^/]+$/.test(name.app));
        fc.pre(!/\.\.\.vhost\.\.\.[^/]+$/.test(stream));
        const address = { host: 'h', rtmpPort: 1935 };
        const pull = relayTarget(streamKey(name), address, { memberName: 'b', replayMs: 0, relayOf: null });
        expect(keyOf(read(pull.app, tcUrl(pull), streamWithQuery(pull)))).toBe(streamKey(name));
        const path = [...app, stream].map(encodeURIComponent).join('/');
        expect(keyOf(readFlvTarget(`/${path}.flv`, undefined, VHOSTS))).toBe(streamKey(name));
      }),
    );
  });

  it.each([
    'rtmp://user:p%40ss@v.example.com/live',
    'rtmp://user:p@ss@v.example.com:1935/live',
    'rtmp://V.Example.COM/live',
    'RTMP://v.example.com./live',
    'rtmp://token@V.EXAMPLE.com.:1936/live',
  ])('finds its vhost by %s', (tcUrl) => {
    expect(keyOf(read('live', tcUrl, 's'))).toBe('v.example.com/live/s');
    expect(readConnectTarget('live', tcUrl).host).toBe('v.example.com');
  });

  it.each([
    ['headwater=relay&member=b', '__defaultVhost__/live/s'],
    ['headwater=forward&member=e', '__defaultVhost__/live/s'],
    ['token=x&headwater=redirected', '__defaultVhost__/live/s'],
    ['headwater=redirected&vhost=v.example.com', 'v.example.com/live/s'],
    ['headwater=other', 'v.example.com/live/s'],
  ])(
    'is what a member told, though a vhost has the name by which this member is reached: %s',
    (query, key) => {
      expect(keyOf(read('live', 'rtmp://v.example.com/live', `s?${query}`))).toBe(key);
    },
  );

  it('finds a vhost that is configured in capitals, and one told in capitals', () => {
    const configured = ['V.Example.com'];
    const connect = readConnectTarget('live', 'rtmp://v.example.com/live');
    expect(readStreamTarget(connect, 's', configured)).toMatchObject({ name: { vhost: 'V.Example.com' } });
    const other = readConnectTarget('live', 'rtmp://h/live');
    const named = readStreamTarget(other, 's?vhost=V.EXAMPLE.COM.', configured);
    expect(named).toMatchObject({ name: { vhost: 'V.Example.com' } });
  });

  it.each([
    ['rtmp://origin.example.com/live', 'origin.example.com'],
    ['rtmp://127.0.0.1:1935/live', '127.0.0.1'],
    ['rtmp://[2001:db8::1]:1935/live', '2001:db8::1'],
    ['nonsense', undefined],
    [`rtmp://${'x'.repeat(10_000)}`, 'x'.repeat(2041)],
  ])('reached by %s', (tcUrl, host) => {
    expect(readConnectTarget('live', tcUrl).host).toBe(host);
  });
});

describe('redirect URLs', () => {
  const address = { network: 'n', host: 'b.example.com', rtmpPort: 1935, httpPort: 8080 };
  const targetOf = (stream: string, app = 'live') => {
    const target = read(app, 'rtmp://h/live', stream);
    if ('problem' in target) throw new Error('bad target');
    return target;
  };

  it('are what SRS sends to its edges', () => {
    expect(redirectUrls(address, targetOf('s1?token=x'), { isSrsEdge: true, isSecure: false })).toEqual({
      tcUrl: 'rtmp://b.example.com:1935/live',
      url: 'rtmp://b.example.com:1935/live/s1',
    });
  });

  it('encode what the other member decodes', () => {
    const { tcUrl: url, url: full } = redirectUrls(address, targetOf('100%25', '50%25'), PLAIN);
    expect([url, full]).toEqual([
      'rtmp://b.example.com:1935/50%25',
      'rtmp://b.example.com:1935/50%25/100%25?headwater=redirected',
    ]);
  });

  it('carry parameters, vhost and mark for others', () => {
    const target = targetOf('s1?token=a%2Fb', 'live?vhost=v.example.com');
    expect(redirectUrls({ ...address, host: '2001:db8::1' }, target, PLAIN).url).toBe(
      'rtmp://[2001:db8::1]:1935/live/s1?token=a%2Fb&vhost=v.example.com&headwater=redirected',
    );
  });
});
