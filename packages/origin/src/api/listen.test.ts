import { connect, createServer } from 'node:net';
import { TrustedProxies } from '@headwater/media';
import { until } from '@headwater/testing/until';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { EVENTS_KEPT_MAX, EventLog } from '../events/event-log.js';
import { EventStreams } from './event-stream.js';
import { type ApiListener, type ApiListenOptions, listenApi } from './listen.js';

let listener: ApiListener | undefined;
const faults: unknown[] = [];
afterEach(async () => {
  await listener?.close();
  faults.length = 0;
});

const options = (port: number, trustedProxies: readonly string[] = []): ApiListenOptions => ({
  host: '127.0.0.1',
  port,
  certificates: null,
  forwarding: { proxies: new TrustedProxies(trustedProxies), headers: 'x-forwarded' },
  log: pino({ level: 'silent' }),
  onFault: (error) => faults.push(error),
});

async function open(api = new Hono()): Promise<number> {
  api.get('/readyz', (context) => context.json({ host: context.req.header('host') ?? null }));
  listener = await listenApi(api, options(0));
  return listener.port;
}

/** All that is answered to these bytes until the close. */
function answerTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

describe('a request line and its host', () => {
  it.each([
    ['HAProxy: GET by HTTP/1.0', 'GET /readyz HTTP/1.0\r\n\r\n', null],
    ['HEAD by HTTP/1.0', 'HEAD /readyz HTTP/1.0\r\n\r\n', undefined],
    ['HAProxy: GET by HTTP/1.1', 'GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n', null],
    ['an empty host', 'GET /readyz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', ''],
    ['an IPv4', 'GET /readyz HTTP/1.1\r\nHost: 10.0.0.1:1985\r\nConnection: close\r\n\r\n', '10.0.0.1:1985'],
    ['an IPv6', 'GET /readyz HTTP/1.1\r\nHost: [0:0::1]:1985\r\nConnection: close\r\n\r\n', '[0:0::1]:1985'],
    ['a short IPv4', 'GET /readyz HTTP/1.1\r\nHost: 127.1:1985\r\nConnection: close\r\n\r\n', '127.1:1985'],
    ['Docker’s name', 'GET /readyz HTTP/1.1\r\nHost: a_b:1985\r\nConnection: close\r\n\r\n', 'a_b:1985'],
    ['rubbish', 'GET /readyz HTTP/1.1\r\nHost: a b]\r\nConnection: close\r\n\r\n', 'a b]'],
  ])('%s is answered', async (_, request, host) => {
    const answer = await answerTo(await open(), request);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    if (host !== undefined) expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({ host });
  });

  it.each([
    ['no HTTP', '\u0016\u0003\u0001\u0002\r\n\r\n', 400],
    ['a method that is none', 'F\u00e4OO / HTTP/1.1\r\n\r\n', 400],
    ['a path with a backslash', 'GET /\\readyz HTTP/1.0\r\n\r\n', 400],
    ['a whole URL with a port that is none', 'GET http://a:99999/readyz HTTP/1.0\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s is told in the shape of all errors', async (_, request, status) => {
    const answer = await answerTo(await open(), request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      error: {
        code: 'REQUEST_UNREADABLE',
        message: expect.stringMatching(/\w/),
        hint: expect.stringMatching(/\w/),
      },
    });
  });

  it('takes OPTIONS *, which is about the whole server, for its root', async () => {
    const api = new Hono();
    api.options('/', (context) => context.text('root'));
    expect(await answerTo(await open(api), 'OPTIONS * HTTP/1.0\r\n\r\n')).toMatch(/\r\n\r\nroot$/);
  });

  it('closes after HTTP/1.0, as HAProxy waits for it', async () => {
    expect(await answerTo(await open(), 'GET /readyz HTTP/1.0\r\n\r\n')).toContain('Connection: close');
  });

  it.each(['GET readyz HTTP/1.0\r\n\r\n', 'GET /%zz\u0001 HTTP/1.0\r\n\r\n', 'rubbish\r\n\r\n'])(
    'answers %j without harm',
    async (request) => {
      const port = await open();
      await answerTo(port, request);
      expect(await answerTo(port, 'GET /readyz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

it('a handler that fails costs its request alone', async () => {
  const api = new Hono();
  api.get('/bad', () => {
    throw 'no error at all';
  });
  const port = await open(api);
  await answerTo(port, 'GET /bad HTTP/1.0\r\n\r\n');
  expect(await answerTo(port, 'GET /readyz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
});

/** An API by which events are followed, its log, and how many follow at the moment, and did ever. */
function followed() {
  const counts = { now: 0, ever: 0 };
  const log = new EventLog('start', Date.now);
  const streams = new EventStreams(log, null, () => {
    counts.now += 1;
    counts.ever += 1;
    return () => {
      counts.now -= 1;
    };
  });
  const api = new Hono();
  api.get('/events', (context) => streams.follow(context, context.req.query('since'), { kinds: [] }));
  return { api, counts, log };
}

it('who asks for events several times on one connection gives all places back with it', async () => {
  const { api, counts } = followed();
  const port = await open(api);
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20)),
  );
  socket.on('data', () => {});
  await until(() => counts.ever === 20, 'all to follow');
  socket.destroy();
  await until(() => counts.now === 0, 'all places to be free');
});

it('who reads no answer gives its place back', async () => {
  const { api, counts, log } = followed();
  // More than the kernel takes for somebody who does not read.
  for (let number = 0; number < EVENTS_KEPT_MAX; number += 1)
    log.tell({ kind: 'stream-claimed', key: `v/a/${'s'.repeat(32_768)}`, member: 'm', name: 'm' });
  listener = await listenApi(api, { ...options(0), stillMs: 100 });
  const socket = connect(listener.port, '127.0.0.1', () =>
    socket.write('GET /events?since=all HTTP/1.1\r\nHost: a\r\n\r\n'),
  );
  await until(() => counts.ever === 1 && counts.now === 0, 'its place to be free');
  socket.destroy();
});

it('rejects where the port is taken', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await expect(listenApi(new Hono(), options(port))).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  taken.close();
});
