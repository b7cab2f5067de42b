import { OwnLog } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { createApi } from './create-api.js';
import { emptyDirectory, madeSource } from './testing/made-source.js';

const TOKEN = 'a-token-of-sixteen-or-more';
const JSON_TYPE = { 'content-type': 'application/json' };

async function drain(
  headers: Record<string, string>,
  remoteAddress: string | undefined = '127.0.0.1',
  token?: string,
  method = 'POST',
): Promise<string> {
  const source = madeSource(emptyDirectory(profileOf('c')), token === undefined ? {} : { token });
  const api = createApi(source, (error) => {
    throw error;
  });
  const init = {
    method,
    headers: { host: 'localhost:1985', ...headers },
    ...(method === 'POST' && { body: '{}' }),
  };
  const env = { incoming: { socket: { remoteAddress } } };
  const response = await api.request('/api/v1/members/self/drain', init, env);
  const { error } = (await response.json()) as { error?: { code: string } };
  return error?.code ?? 'done';
}

/** Whoever gets so far was let through: nothing drains here. */
const THROUGH = 'DRAIN_STATE';

describe('whoever wants to change something', () => {
  it.each<[string, Promise<string>, string]>([
    ['from this machine', drain(JSON_TYPE), THROUGH],
    ['from this machine by IPv6', drain({ ...JSON_TYPE, host: '[::1]:1985' }, '::1'), THROUGH],
    ['from this machine, mapped', drain({ ...JSON_TYPE, host: '127.0.0.1' }, '::ffff:127.0.0.1'), THROUGH],
    ['with a DELETE that has no body', drain({}, '127.0.0.1', undefined, 'DELETE'), THROUGH],
    ['with the charset named', drain({ 'content-type': 'application/json; charset=utf-8' }), THROUGH],
    ['from a page of this API', drain({ ...JSON_TYPE, origin: 'http://localhost:1985' }), THROUGH],
    ['from elsewhere', drain(JSON_TYPE, '10.0.0.9'), 'ROLE_MISSING'],
    ['from nobody knows where', drain(JSON_TYPE, ''), 'ROLE_MISSING'],
    [
      'through a proxy on this machine',
      drain({ ...JSON_TYPE, 'x-forwarded-for': '10.0.0.9' }),
      'ROLE_MISSING',
    ],
    [
      'by a name that was made to lead here',
      drain({ ...JSON_TYPE, host: 'evil.example:1985' }),
      'ROLE_MISSING',
    ],
    ['without a name', drain({ ...JSON_TYPE, host: '' }), 'ROLE_MISSING'],
    ['from another page', drain({ ...JSON_TYPE, origin: 'https://evil.example' }), 'ORIGIN_FOREIGN'],
    ['from a page without an origin', drain({ ...JSON_TYPE, origin: 'null' }), 'ORIGIN_FOREIGN'],
    [
      'from a page of another port',
      drain({ ...JSON_TYPE, origin: 'http://localhost:3000' }),
      'ORIGIN_FOREIGN',
    ],
    ['by a form', drain({ 'content-type': 'text/plain' }), 'CONTENT_TYPE_INVALID'],
    ['by a form that looks like it', drain({ 'content-type': 'application/jsonp' }), 'CONTENT_TYPE_INVALID'],
    ['without a type', drain({}), 'CONTENT_TYPE_INVALID'],
  ])('%s', async (_, answer, expected) => {
    expect(await answer).toBe(expected);
  });

  it('may with the token from anywhere, and with another one from nowhere', async () => {
    const bearing = (token: string) => ({
      ...JSON_TYPE,
      host: 'origin-a:1985',
      authorization: `Bearer ${token}`,
    });
    expect(await drain(bearing(TOKEN), '10.0.0.9', TOKEN)).toBe(THROUGH);
    expect(await drain(bearing(`${TOKEN}x`), '10.0.0.9', TOKEN)).toBe('TOKEN_INVALID');
    expect(await drain({ ...bearing('x'), host: 'localhost' }, '127.0.0.1', TOKEN)).toBe('TOKEN_INVALID');
    expect(await drain({ ...bearing(TOKEN), origin: 'https://evil.example' }, '10.0.0.9', TOKEN)).toBe(
      'ORIGIN_FOREIGN',
    );
    expect(await drain(bearing('undefined'), '10.0.0.9')).toBe('TOKEN_INVALID');
  });

  it('may look without any of it', async () => {
    const directory = emptyDirectory(profileOf('c'));
    directory.replace(new OwnLog('id-a', 1, 9).snapshot());
    const api = createApi(madeSource(directory), () => {});
    for (const path of ['/api/v1/members', '/api/v1/clients', '/api/docs'])
      expect((await api.request(path, { headers: { origin: 'https://evil.example' } })).status).toBe(200);
  });
});
