import { OwnLog } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import type { Access } from './access.js';
import { createApi } from './create-api.js';
import { emptyDirectory, madeSource, OPEN_ACCESS } from './testing/made-source.js';

const OPERATE = 'a-token-of-sixteen-or-more';
const READ = 'a-token-that-only-may-read';
const JSON_TYPE = { 'content-type': 'application/json' };
const ELSEWHERE = '10.0.0.9';

const bearing = (token: string) => ({ authorization: `Bearer ${token}` });

function apiWith(access: Partial<Access>) {
  const directory = emptyDirectory(profileOf('c'));
  directory.replace(new OwnLog('id-a', 1, 9).snapshot());
  const source = madeSource(directory, { access: () => ({ ...OPEN_ACCESS, ...access }) });
  return createApi(source, (error) => {
    throw error;
  });
}

async function ask(
  path: string,
  init: RequestInit & { readonly headers: Record<string, string> },
  remoteAddress = '127.0.0.1',
  access: Partial<Access> = {},
): Promise<Response> {
  const env = { incoming: { socket: { remoteAddress } } };
  return apiWith(access).request(
    path,
    { ...init, headers: { host: 'localhost:1985', ...init.headers } },
    env,
  );
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code: string } };
  return body.error?.code ?? 'done';
}

async function drain(
  headers: Record<string, string>,
  remoteAddress?: string,
  access: Partial<Access> = {},
  method = 'POST',
): Promise<string> {
  const init = { method, headers, ...(method === 'POST' && { body: '{}' }) };
  return codeOf(await ask('/api/v1/members/self/drain', init, remoteAddress, access));
}

const read = async (headers: Record<string, string>, remoteAddress?: string, access: Partial<Access> = {}) =>
  codeOf(await ask('/api/v1/members', { headers }, remoteAddress, access));

/** Whoever gets so far was let through: nothing drains here. */
const THROUGH = 'DRAIN_STATE';

describe('whoever wants to change something where no token is set', () => {
  it.each<[string, Promise<string>, string]>([
    ['from this machine', drain(JSON_TYPE), THROUGH],
    ['from this machine by IPv6', drain({ ...JSON_TYPE, host: '[::1]:1985' }, '::1'), THROUGH],
    ['from this machine, mapped', drain({ ...JSON_TYPE, host: '127.0.0.1' }, '::ffff:127.0.0.1'), THROUGH],
    ['with a DELETE that has no body', drain({}, '127.0.0.1', {}, 'DELETE'), THROUGH],
    ['with the charset named', drain({ 'content-type': 'application/json; charset=utf-8' }), THROUGH],
    ['from a page of this API', drain({ ...JSON_TYPE, origin: 'http://localhost:1985' }), THROUGH],
    [
      'by a name in api.hosts',
      drain({ ...JSON_TYPE, host: 'Mine.example:1985' }, '::1', { hosts: ['mine.example'] }),
      THROUGH,
    ],
    ['from elsewhere', drain(JSON_TYPE, ELSEWHERE), 'ROLE_MISSING'],
    ['from nobody knows where', drain(JSON_TYPE, ''), 'ROLE_MISSING'],
    [
      'through a proxy on this machine',
      drain({ ...JSON_TYPE, 'x-forwarded-for': ELSEWHERE }),
      'ROLE_MISSING',
    ],
    [
      'by a name that was made to lead here',
      drain({ ...JSON_TYPE, host: 'evil.example:1985' }),
      'ROLE_MISSING',
    ],
    [
      'from a page whose name was made to lead here',
      drain({ ...JSON_TYPE, host: 'evil.example:1985', origin: 'http://evil.example:1985' }),
      'ROLE_MISSING',
    ],
    ['without a name', drain({ ...JSON_TYPE, host: '' }), 'ROLE_MISSING'],
    ['from another page', drain({ ...JSON_TYPE, origin: 'https://evil.example' }), 'ORIGIN_FOREIGN'],
    [
      'from a page in api.cors, without a token',
      drain({ ...JSON_TYPE, origin: 'https://console.example' }, '::1', {
        cors: ['https://console.example'],
      }),
      'ROLE_MISSING',
    ],
    ['from a page without an origin', drain({ ...JSON_TYPE, origin: 'null' }), 'ORIGIN_FOREIGN'],
    [
      'from a page of another port',
      drain({ ...JSON_TYPE, origin: 'http://localhost:3000' }),
      'ORIGIN_FOREIGN',
    ],
    ['by a form', drain({ 'content-type': 'text/plain' }), 'CONTENT_TYPE_INVALID'],
    ['by a form that looks like it', drain({ 'content-type': 'application/jsonp' }), 'CONTENT_TYPE_INVALID'],
    ['without a type', drain({}), 'CONTENT_TYPE_INVALID'],
    ['with a token that nobody set', drain({ ...JSON_TYPE, ...bearing('undefined') }), 'TOKEN_INVALID'],
  ])('%s', async (_, answer, expected) => {
    expect(await answer).toBe(expected);
  });
});

describe('where tokens are set', () => {
  const access = {
    operateTokens: [OPERATE, 'the-one-before-of-api.token'],
    readTokens: [READ],
    cors: ['https://console.example'],
  };

  it.each([OPERATE, 'the-one-before-of-api.token'])('%s may do everything, from anywhere', async (token) => {
    const headers = { ...JSON_TYPE, host: 'origin-a:1985', ...bearing(token) };
    expect(await drain(headers, ELSEWHERE, access)).toBe(THROUGH);
    expect(await read(headers, ELSEWHERE, access)).toBe('done');
    expect(await drain({ ...headers, origin: 'https://console.example' }, ELSEWHERE, access)).toBe(THROUGH);
    expect(await drain({ ...headers, origin: 'https://evil.example' }, ELSEWHERE, access)).toBe(
      'ORIGIN_FOREIGN',
    );
  });

  it('a token with the role read may read, and nothing else', async () => {
    expect(await read(bearing(READ), ELSEWHERE, access)).toBe('done');
    expect(await drain({ ...JSON_TYPE, ...bearing(READ) }, '127.0.0.1', access)).toBe('ROLE_MISSING');
  });

  it.each(['', `${OPERATE}x`, OPERATE.slice(1), OPERATE.toUpperCase(), `${OPERATE} ${OPERATE}`])(
    'the token %j is refused, from this machine as well',
    async (token) => {
      const headers = { ...JSON_TYPE, ...bearing(token) };
      for (const code of [
        await read(headers, '127.0.0.1', access),
        await drain(headers, '127.0.0.1', access),
      ])
        expect(code).toMatch(/^TOKEN_(INVALID|MISSING)$/);
    },
  );

  it.each(['/api/v1/members', '/api/v1/streams', '/api/v1/clients', '/api/v1/events', '/metrics'])(
    '%s wants one, and says so in the one shape',
    async (path) => {
      const response = await ask(path, { headers: {} }, '127.0.0.1', access);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(await response.json()).toMatchObject({
        error: {
          code: 'TOKEN_MISSING',
          message: expect.any(String),
          hint: expect.stringMatching(/Bearer TOKEN/),
        },
      });
    },
  );

  it.each([
    '/healthz',
    '/readyz',
    '/api/v1/clusters?app=live&stream=s1',
    '/api/docs',
    '/api/v1/openapi.json',
  ])('%s wants none', async (path) => {
    expect((await ask(path, { headers: {} }, ELSEWHERE, access)).status).toBeLessThan(400);
  });
});

describe('whoever reads where no token is set', () => {
  it.each(['127.0.0.1:1985', '[::1]:1985', '10.0.0.5:1985', 'LOCALHOST', 'mine.example', ''])(
    'may by %j',
    async (host) => {
      expect(await read({ host }, ELSEWHERE, { hosts: ['mine.example'] })).toBe('done');
    },
  );

  it.each(['evil.example', 'evil.example:1985', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil'])(
    'may not by %s, which was made to lead here',
    async (host) => {
      expect(await read({ host }, '127.0.0.1', { hosts: ['mine.example'] })).toBe('HOST_UNKNOWN');
      const health = await ask('/healthz', { headers: { host } });
      expect(health.status).toBe(200);
    },
  );
});

describe('pages of other origins', () => {
  const cors = ['https://console.example'];

  it('may read what the API answers where api.cors has them', async () => {
    const headers = { origin: 'https://console.example' };
    const response = await ask('/api/v1/members', { headers }, ELSEWHERE, { cors });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://console.example');
    const preflight = await ask('/api/v1/members', { method: 'OPTIONS', headers }, ELSEWHERE, { cors });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
  });

  it.each(['https://evil.example', 'null', 'https://console.example.evil.example'])(
    'such as %s may not otherwise',
    async (origin) => {
      for (const method of ['GET', 'OPTIONS']) {
        const response = await ask('/api/v1/members', { method, headers: { origin } }, ELSEWHERE, { cors });
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
      }
    },
  );
});
