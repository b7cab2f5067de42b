import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HookServer } from '@headwater/testing/hook-server';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askOf, clientOf, GuardWorld, NAME, rulesOf } from '../testing/guard-world.js';

let server: HookServer;
beforeEach(async () => {
  server = await HookServer.start();
});
afterEach(() => server.stop());

/** Says that, whatever HTTP would have it say, and closes. */
const raw = (res: ServerResponse, text: string): void => void res.socket?.end(text);

const worldOf = (hook: object = {}) => {
  const rules = rulesOf({
    hook: {
      on_publish: server.url('/publish'),
      on_unpublish: server.url('/unpublish'),
      on_play: server.url('/play'),
      on_stop: server.url('/stop'),
      timeoutMs: 60_000,
      ...hook,
    },
  });
  return new GuardWorld({ publish: rules, play: rules });
};

const nginxOf = (more: object = {}) => worldOf({ format: 'nginx-rtmp', ...more });

describe("a hook in SRS's format", () => {
  it('is asked, and told the end once', async () => {
    const world = worldOf({ secret: 'the secret of this hook' });
    const client = { tcUrl: 'rtmp://h/live', pageUrl: 'http://page' };
    const verdict = await world.judge({ query: 'token=x&headwater=redirected' }, client);
    if (!verdict.allowed) throw new Error(verdict.reason);
    expect(server.of('/publish')).toEqual([
      {
        server_id: 'member-a',
        service_id: expect.any(String),
        action: 'on_publish',
        client_id: 'client-1',
        ip: '192.0.2.1',
        vhost: '__defaultVhost__',
        app: 'live',
        tcUrl: 'rtmp://h/live',
        stream: 's1',
        param: '?token=x',
        stream_url: '/live/s1',
        stream_id: expect.stringMatching(/^vid-[0-9a-f]{7}$/),
      },
    ]);
    const [call] = server.calls;
    const hmac = createHmac('sha256', 'the secret of this hook')
      .update(call?.body ?? '')
      .digest('hex');
    expect(call?.headers['headwater-signature']).toBe(`sha256=${hmac}`);
    verdict.grant.ended();
    verdict.grant.ended();
    await world.guard.stop(5000);
    expect(server.of('/unpublish')).toMatchObject([
      { action: 'on_unpublish', client_id: 'client-1', stream: 's1' },
    ]);
    expect(server.sockets).toBe(1);
  });

  it('is asked about an RTMP connection once, before its first publish or play, and told its end last', async () => {
    const world = worldOf({ on_connect: server.url('/connect'), on_close: server.url('/close') });
    const client = world.guard.client(clientOf());
    const [first, second] = await Promise.all([
      client.judge(askOf({ action: 'play' })),
      client.judge(askOf({ action: 'play', name: { ...NAME, stream: 's2' } })),
    ]);
    client.closed({ sent: 10, received: 20 });
    if (first?.allowed) first.grant.ended();
    if (second?.allowed) second.grant.ended();
    await world.guard.stop(5000);
    expect(server.calls.map(({ path }) => path).filter((path) => path === '/connect')).toHaveLength(1);
    expect(server.of('/connect')).toMatchObject([{ action: 'on_connect', stream: 's1', pageUrl: '' }]);
    expect(server.of('/close')).toMatchObject([{ action: 'on_close', send_bytes: 10, recv_bytes: 20 }]);
    expect(server.of('/stop')).toHaveLength(2);
    expect(await world.said({}, { protocol: 'http-flv' })).toBe('allowed');
    expect(server.of('/connect')).toHaveLength(1);
  });

  it.each([
    ['200 with 0', 200, '0', 'allowed'],
    ['0 with blanks', 200, ' 0\r\n', 'allowed'],
    ['201 and JSON', 201, '{"code":0,"data":{}}', 'allowed'],
    ['200 with HTML', 200, '<html>welcome</html>', 'hook-refused'],
    ['204', 204, '', 'hook-refused'],
    ['nothing', 200, '', 'hook-refused'],
    ['another code', 200, '{"code":1}', 'hook-refused'],
    ['a code as text', 200, '{"code":"0"}', 'hook-refused'],
    ['JSON null', 200, 'null', 'hook-refused'],
    ['403', 403, '0', 'hook-refused'],
    ['500', 500, '0', 'hook-refused'],
  ])('answers %s', async (_what, status, body, said) => {
    server.answer = (_call, res) => res.writeHead(status).end(body);
    expect(await worldOf().said()).toBe(said);
  });

  it('that hangs, closes at once, sends too much, or redirects to itself is no yes', async () => {
    const hurried = { timeoutMs: 500 };
    server.answer = () => {};
    expect(await worldOf(hurried).said()).toBe('hook-failed');
    server.answer = (_call, res) => res.destroy();
    expect(await worldOf().said()).toBe('hook-failed');
    server.answer = (_call, res) => {
      res.write('0');
    };
    expect(await worldOf(hurried).said()).toBe('hook-failed');
    server.answer = (_call, res) => res.end(Buffer.alloc(10_000_000, '0'));
    expect(await worldOf().said()).toBe('hook-failed');
    server.answer = (call, res) => res.writeHead(302, { Location: server.url(call.path) }).end();
    const before = server.calls.length;
    expect(await worldOf().said()).toBe('hook-refused');
    expect(server.calls.length).toBe(before + 1);
    server.answer = () => {};
    expect(await worldOf({ ...hurried, onFailure: 'allow' }).said()).toBe('allowed');
  });

  it('goes through its URLs in order, and tells who said yes before another said no', async () => {
    const world = worldOf({ on_publish: [server.url('/one'), server.url('/two'), server.url('/three')] });
    server.answer = ({ path }, res) => res.end(path === '/two' ? '1' : '0');
    expect(await world.said()).toBe('hook-refused');
    await world.guard.stop(5000);
    expect(server.calls.map(({ path }) => path)).toEqual(['/one', '/two', '/unpublish']);
  });

  it('is not asked about who is sent to another member, unless wanted', async () => {
    expect(await worldOf().said({ action: 'play', asksHooks: false })).toBe('allowed');
    expect(server.calls).toEqual([]);
    expect(await worldOf({ askBeforeRedirect: true }).said({ action: 'play', asksHooks: false })).toBe(
      'allowed',
    );
    expect(server.of('/play')).toHaveLength(1);
  });

  it('that is only told of ends hears of what others allow, and of nothing that they refuse', async () => {
    const rules = rulesOf({ hook: { on_stop: server.url('/stop') } }, { allow: '192.0.2.1' });
    const world = new GuardWorld({ play: rules });
    const verdict = await world.judge({ action: 'play' });
    if (verdict.allowed) verdict.grant.ended();
    expect(await world.said({ action: 'play' }, { ip: '10.0.0.1' })).toBe('address-not-allowed');
    await world.guard.stop(5000);
    expect(server.of('/stop')).toHaveLength(1);
  });

  it('holds up nobody else while it is slow for one', async () => {
    const world = worldOf({ concurrency: 2, timeoutMs: 60_000 });
    let release = (): void => {};
    server.answer = ({ body }, res) => {
      if (JSON.parse(body).stream === 'slow') release = () => res.end('0');
      else res.end('0');
    };
    const slow = world.said({ name: { ...NAME, stream: 'slow' } });
    for (let count = 0; count < 50; count += 1) expect(await world.said()).toBe('allowed');
    await until(() => server.calls.length === 51, 'all asked');
    release();
    expect(await slow).toBe('allowed');
  });

  it('that is slow to say whether sessions go on holds up none that begins, and is asked once at a time', async () => {
    const world = nginxOf({
      on_update: server.url('/update'),
      updateMs: 1000,
      concurrency: 1,
      timeoutMs: 60_000,
    });
    const held: ServerResponse[] = [];
    server.answer = ({ path }, res) => {
      if (path === '/update') held.push(res);
      else res.end('0');
    };
    const asked = () =>
      server.calls
        .filter(({ path }) => path === '/update')
        .map(({ body }) => new URLSearchParams(body).get('user'));
    const verdict = await world.judge({ query: 'user=a' });
    await until(() => held.length === 1, 'asked whether it goes on');
    expect(await world.said({ query: 'user=b' })).toBe('allowed');
    // The question about the first one is still under way, for longer than the time between two.
    await until(() => held.length === 2, 'asked about the other');
    held[0]?.end();
    await until(() => asked().length === 3, 'asked about the first again');
    expect(asked()).toEqual(['a', 'b', 'a']);
    if (verdict.allowed) verdict.grant.ended();
  });

  it.each([
    [
      'drips its answer for ever',
      (res: ServerResponse) => void setInterval(() => res.write(' '), 20).unref(),
    ],
    [
      'switches to another protocol',
      (res: ServerResponse) => raw(res, 'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n0'),
    ],
    ['speaks no HTTP', (res: ServerResponse) => raw(res, '220 smtp.example ESMTP\r\n')],
    [
      'sends heads without end',
      (res: ServerResponse) => raw(res, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`),
    ],
    [
      'promises more than it sends',
      (res: ServerResponse) => raw(res, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0'),
    ],
    [
      'says two lengths',
      (res: ServerResponse) => raw(res, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n0'),
    ],
    ['resets', (res: ServerResponse) => void res.socket?.resetAndDestroy()],
  ])('that %s is no yes, and the next one is heard', async (_what, answer) => {
    // Some of them never end.
    const world = worldOf({ timeoutMs: 2_000 });
    server.answer = (_call, res) => answer(res);
    expect(await world.said()).toBe('hook-failed');
    server.answer = (_call, res) => res.end('0');
    expect(await world.said()).toBe('allowed');
  });

  it.each([
    '{"code":0',
    '{"code":[0]}',
    '{"code":-0.5}',
    '{"code":null}',
    '[0]',
    '{"CODE":0}',
    '{"__proto__":{"code":0}}',
    '00',
    '"0"',
    '0\u0000',
  ])('says no by %j', async (body) => {
    server.answer = (_call, res) => res.end(body);
    expect(await worldOf().said()).toBe('hook-refused');
  });

  it('bounds who waits for it', async () => {
    const world = worldOf({ concurrency: 1, queueMax: 1, timeoutMs: 60_000 });
    const held: (() => void)[] = [];
    server.answer = (_call, res) => held.push(() => res.end('0'));
    const first = world.said();
    await until(() => held.length === 1, 'the first asked');
    const second = world.said();
    expect(await world.said()).toBe('hook-busy');
    server.answer = (_call, res) => res.end('0');
    held[0]?.();
    expect(await first).toBe('allowed');
    expect(await second).toBe('allowed');
  });

  it('that is down keeps neither its turns nor its ends from another server', async () => {
    const other = await HookServer.start();
    const world = worldOf({
      concurrency: 1,
      timeoutMs: 60_000,
      on_play: other.url('/play'),
      on_unpublish: [server.url('/unpublish'), other.url('/unpublish')],
    });
    const verdict = await world.judge();
    server.answer = () => {};
    if (verdict.allowed) verdict.grant.ended();
    await until(() => other.of('/unpublish').length === 1, 'the other server told');
    const asked = world.said();
    await until(() => server.of('/publish').length === 2, 'the question that hangs');
    expect(await world.said({ action: 'play' })).toBe('allowed');
    await server.stop();
    expect(await asked).toBe('hook-failed');
    await other.stop();
  });

  it('is told an end again until it answers, by the same id', async () => {
    const world = worldOf();
    const verdict = await world.judge();
    server.answer = (_call, res) => res.destroy();
    if (verdict.allowed) verdict.grant.ended();
    await until(() => server.of('/unpublish').length >= 1, 'the end told');
    const before = server.of('/unpublish').length;
    server.answer = (_call, res) => res.writeHead(502).end();
    await until(() => server.of('/unpublish').length > before + 1, 'the end told again');
    server.answer = (_call, res) => res.end('0');
    await world.guard.stop(5000);
    const ids = server.calls
      .filter(({ path }) => path === '/unpublish')
      .map(({ headers }) => headers['headwater-event']);
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(1);
  });
});

describe("a hook in nginx-rtmp's format", () => {
  const nginx = nginxOf;

  it('is a form, in which a client cannot say for us who it is', async () => {
    server.answer = (_call, res) => res.writeHead(204).end();
    const verdict = await nginx().judge({ query: 'addr=6.6.6.6&name=other&user=me&user=you' });
    expect(verdict.allowed).toBe(true);
    expect(Object.fromEntries(new URLSearchParams(server.calls[0]?.body))).toMatchObject({
      app: 'live',
      addr: '192.0.2.1',
      call: 'publish',
      name: 's1',
      type: 'live',
      user: 'you',
      clientid: '1',
      flashver: 'test',
    });
  });

  it.each([
    [302, 's2', { name: { ...NAME, stream: 's2' } }],
    [301, 'rtmp://other/live/s2', 'hook-refused'],
    [302, '/s2', 'hook-refused'],
    [302, 'a%20b?c', 'hook-name'],
    [302, '../s2', 'hook-name'],
    [302, 'http:s2', { name: { ...NAME, stream: 'http:s2' } }],
    [302, '', 'hook-refused'],
    [404, '', 'hook-refused'],
  ])('answers %i with Location %s', async (status, location, said) => {
    server.answer = (_call, res) => res.writeHead(status, { Location: location }).end();
    const verdict = await nginx().judge();
    if (typeof said === 'string') expect(verdict).toMatchObject({ allowed: false, reason: said });
    else expect(verdict).toMatchObject({ allowed: true, grant: said });
  });

  it('cannot give a stream a name that is too long, nor say no by brackets without end', async () => {
    server.answer = (_call, res) => res.writeHead(302, { Location: 'x'.repeat(5000) }).end();
    expect(await nginx().said()).toBe('hook-name');
    server.answer = (_call, res) => res.end('['.repeat(60_000));
    expect(await worldOf().said()).toBe('hook-refused');
  });

  it('may end what it allowed, by a no to on_update', async () => {
    server.answer = ({ path }, res) => res.writeHead(path === '/update' ? 404 : 200).end();
    const verdict = await nginx({ on_update: server.url('/update'), updateMs: 1000 }).judge({
      action: 'play',
    });
    if (!verdict.allowed) throw new Error(verdict.reason);
    await new Promise((resolve) => verdict.grant.onRevoked(resolve));
    verdict.grant.ended();
    expect(new URLSearchParams(server.calls[1]?.body).get('call')).toBe('update_play');
  });
});
