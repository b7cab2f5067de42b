import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HookServer } from '@headwater/testing/hook-server';
import { exportJWK, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { GuardWorld, NAME, NOW_S, rulesOf } from '../testing/guard-world.js';
import { matchesPattern } from './scoped-name.js';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED = generateKeyPairSync('ed25519');
const SECRET = 'a secret of HS256 has 32 bytes or more';
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const CLAIMS = { actions: ['publish'], streams: ['live/*'], exp: NOW_S + 60 };

const sign = (
  claims: object = CLAIMS,
  alg = 'EdDSA',
  key: KeyObject | Uint8Array = ED.privateKey,
  kid?: string,
) => new SignJWT({ ...claims }).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const worldOf = (jwt: object) => new GuardWorld({ publish: rulesOf({ jwt }), play: rulesOf({ jwt }) });
const world = worldOf({ keys: [pem(RSA.publicKey), pem(EC.publicKey), pem(ED.publicKey), SECRET] });
const said = async (token: string, more: object = {}) => world.said({ query: `token=${token}`, ...more });

describe('a JWT', () => {
  it.each([
    ['HS256', new TextEncoder().encode(SECRET)],
    ['RS256', RSA.privateKey],
    ['ES256', EC.privateKey],
    ['EdDSA', ED.privateKey],
  ] as const)('counts with %s, first and again', async (alg, key) => {
    const token = await sign(CLAIMS, alg, key);
    expect(await said(token)).toBe('allowed');
    expect(await said(token)).toBe('allowed');
    expect(await said(token, { action: 'play' })).toBe('jwt-action');
    expect(await said(token, { name: { ...NAME, app: 'other' } })).toBe('jwt-stream');
  });

  it('comes by query, header, or as a password', async () => {
    const token = await sign();
    expect(await world.said({ query: `jwt=${token}` })).toBe('allowed');
    expect(await world.said({}, { connectQuery: `token=${token}` })).toBe('allowed');
    expect(await world.said({}, { authorization: `Bearer ${token}` })).toBe('allowed');
    const basic = Buffer.from(`anybody:${token}`).toString('base64');
    expect(await world.said({}, { authorization: `Basic ${basic}` })).toBe('allowed');
    expect(await world.said({}, { user: 'me', password: token })).toBe('allowed');
    expect(await world.said({ query: `user=me&pass=${token}` })).toBe('allowed');
    expect(await world.said({}, { user: token })).toBe('allowed');
    expect(await world.said({}, { user: 'me', password: 'no token' })).toBe('credentials-missing');
    expect(await world.said({ query: `jwt=${token}&token=${token}` })).toBe('jwt-twice');
    expect(await world.said({ query: `token=${token}` }, { authorization: `Bearer ${token}` })).toBe(
      'jwt-twice',
    );
  });

  it('with the algorithm none, or a public key taken for a secret, is nothing', async () => {
    const body = part(CLAIMS);
    expect(await said(`${part({ alg: 'none' })}.${body}.`)).toBe('jwt-form');
    expect(await said(`${part({ alg: 'none' })}.${body}.AA`)).toBe('jwt-algorithm');
    expect(await said(`${part({ alg: 'NONE' })}.${body}.AA`)).toBe('jwt-algorithm');
    for (const key of [RSA, EC, ED]) {
      const head = part({ alg: 'HS256' });
      const signature = createHmac('sha256', pem(key.publicKey))
        .update(`${head}.${body}`)
        .digest('base64url');
      expect(await said(`${head}.${body}.${signature}`)).toBe('jwt-signature');
      const onlyPublic = worldOf({ keys: [pem(key.publicKey)] });
      expect(await onlyPublic.said({ query: `jwt=${head}.${body}.${signature}` })).toBe('jwt-signature');
    }
  });

  it('of another key, time, audience or form is refused with its reason', async () => {
    const other = generateKeyPairSync('ed25519');
    expect(await said(await sign(CLAIMS, 'EdDSA', other.privateKey))).toBe('jwt-signature');
    expect(await said(await sign({ ...CLAIMS, exp: NOW_S - 5 }))).toBe('jwt-expired');
    expect(await said(await sign({ ...CLAIMS, exp: NOW_S - 4 }))).toBe('allowed');
    expect(await said(await sign({ ...CLAIMS, nbf: NOW_S + 60 }))).toBe('jwt-not-yet');
    expect(await said(await sign({ actions: ['publish'], streams: ['*'] }))).toBe('jwt-form');
    expect(await said(await sign({ ...CLAIMS, exp: 'never' }))).toBe('jwt-form');
    expect(await said(await sign({ exp: NOW_S + 60 }))).toBe('jwt-action');
    expect(await said(await sign({ ...CLAIMS, streams: ['live/S1'] }))).toBe('jwt-stream');
    for (const bad of [
      'x',
      'a.b.c',
      `${'a'.repeat(9_000)}.a.a`,
      '%00.%00.%00',
      '..',
      `${part({})}.${part({})}.AA`,
    ])
      expect(await said(bad), bad.slice(0, 20)).toMatch(/^jwt-(form|algorithm)$/);
    const token = await sign();
    expect(await said(`${token.slice(0, -4)}AAAA`)).toBe('jwt-signature');
    const strict = worldOf({
      keys: [pem(ED.publicKey)],
      audience: ['here'],
      issuer: 'us',
      algorithms: ['EdDSA'],
    });
    const saidStrict = async (claims: object) => strict.said({ query: `jwt=${await sign(claims)}` });
    expect(await saidStrict({ ...CLAIMS, aud: ['there', 'here'], iss: 'us' })).toBe('allowed');
    expect(await saidStrict({ ...CLAIMS, aud: 'there', iss: 'us' })).toBe('jwt-audience');
    expect(await saidStrict({ ...CLAIMS, aud: 'here' })).toBe('jwt-issuer');
  });

  it.each([
    ['exp as text', { exp: String(NOW_S + 60) }, 'jwt-form'],
    ['exp as a list', { exp: [NOW_S + 60] }, 'jwt-form'],
    ['exp null', { exp: null }, 'jwt-form'],
    ['exp true', { exp: true }, 'jwt-form'],
    ['a negative exp', { exp: -1 }, 'jwt-expired'],
    ['exp with a fraction', { exp: NOW_S + 0.5 }, 'allowed'],
    ['exp at the end of numbers', { exp: Number.MAX_VALUE }, 'allowed'],
    ['nbf as text', { nbf: '0' }, 'jwt-form'],
    ['a negative nbf', { nbf: -1e15 }, 'allowed'],
    ['nbf as a list', { nbf: [] }, 'jwt-form'],
    ['actions as an object', { actions: { publish: true } }, 'jwt-action'],
    ['actions in another case', { actions: ['Publish'] }, 'jwt-action'],
    ['actions in lists of lists', { actions: [['publish']] }, 'jwt-action'],
    ['a hundred actions before', { actions: [...Array(100).fill('x'), 'publish'] }, 'jwt-action'],
    ['streams as a number', { streams: 1 }, 'jwt-stream'],
    ['a stream that only begins so', { streams: ['live/s'] }, 'jwt-stream'],
    ['a stream that goes on', { streams: ['live/s10'] }, 'jwt-stream'],
    ['a pattern of another vhost', { streams: ['//*/live/s1'] }, 'jwt-stream'],
    ['a pattern of an expression', { streams: ['live/.*', 'live/s?', '^live'] }, 'jwt-stream'],
  ])('with %s is judged so', async (_what, claims, reason) => {
    expect(await said(await sign({ ...CLAIMS, ...claims }))).toBe(reason);
  });

  it('with exp beyond all numbers, a payload that is no object, or headers that must be understood is refused', async () => {
    const signed = (head: object, payload: string): string => {
      const text = `${part(head)}.${Buffer.from(payload).toString('base64url')}`;
      return `${text}.${signBytes(null, Buffer.from(text), ED.privateKey).toString('base64url')}`;
    };
    const text = JSON.stringify(CLAIMS);
    expect(await said(signed({ alg: 'EdDSA' }, text))).toBe('allowed');
    for (const payload of [text.replace(/"exp":\d+/, '"exp":1e999'), '[]', 'null', '1', '', '{', `${text}\0`])
      expect(await said(signed({ alg: 'EdDSA' }, payload)), payload).toMatch(/^jwt-/);
    for (const head of [
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { crit: [] },
      { crit: 'x' },
      { alg: ['EdDSA'] },
      { alg: 'eddsa' },
      { alg: 'HS256' },
      { alg: 'ES256' },
    ])
      expect(await said(signed({ alg: 'EdDSA', ...head }, text)), JSON.stringify(head)).toMatch(/^jwt-/);
    // What a header says of where keys are is not looked at.
    const jwk = generateKeyPairSync('ed25519');
    const own = `${part({ alg: 'EdDSA', jwk: await exportJWK(jwk.publicKey), jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' })}.${part(CLAIMS)}`;
    const signature = signBytes(null, Buffer.from(own), jwk.privateKey).toString('base64url');
    expect(await said(`${own}.${signature}`)).toBe('jwt-signature');
    for (const kid of ['../../../etc/passwd', '/dev/null', "' or 1=1", '\0', 'x'.repeat(4000), '__proto__'])
      expect(await said(signed({ alg: 'EdDSA', kid }, text))).toBe('allowed');
    for (const kid of [1, null, {}, []])
      expect(await said(signed({ alg: 'EdDSA', kid }, text))).toMatch(/^(allowed|jwt-form)$/);
  });

  it('is judged again by the clock although its signature is remembered', async () => {
    const late = worldOf({ keys: [pem(ED.publicKey)] });
    const query = `jwt=${await sign()}`;
    expect(await late.said({ query })).toBe('allowed');
    late.nowMs += 66_000;
    expect(await late.said({ query })).toBe('jwt-expired');
  });
});

describe('a JWKS', () => {
  const servers: HookServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });
  const jwks = async (key: KeyObject, kid: string): Promise<string> =>
    JSON.stringify({
      keys: [{ ...(await exportJWK(key)), kid, use: 'sig' }, { kty: 'oct', k: 'AAAA' }, null, 7],
    });

  it('may be a file', async () => {
    const file = await jwks(ED.publicKey, 'k1');
    const filed = new GuardWorld({ publish: rulesOf({ jwt: { jwks: 'file:/jwks' } }) }, { '/jwks': file });
    expect(await filed.said({ query: `jwt=${await sign(CLAIMS, 'EdDSA', ED.privateKey, 'k1')}` })).toBe(
      'allowed',
    );
    expect(await filed.said({ query: `jwt=${await sign(CLAIMS, 'EdDSA', ED.privateKey, 'k2')}` })).toBe(
      'jwt-signature',
    );
    expect(
      () => new GuardWorld({ publish: rulesOf({ jwt: { jwks: 'file:/jwks' } }) }, { '/jwks': '{}' }),
    ).toThrow('no JWKS');
  });

  it('at a URL is kept, fetched anew for a key that is not known, and counts while it cannot be reached', async () => {
    const server = await HookServer.start();
    servers.push(server);
    let text = await jwks(ED.publicKey, 'k1');
    server.answer = (_call, res) => res.end(text);
    const remote = worldOf({ jwks: server.url('/jwks') });
    const first = `jwt=${await sign(CLAIMS, 'EdDSA', ED.privateKey, 'k1')}`;
    expect(await remote.said({ query: first })).toBe('allowed');
    expect(
      await remote.said({
        query: `jwt=${await sign({ ...CLAIMS, jti: 'b' }, 'EdDSA', ED.privateKey, 'k1')}`,
      }),
    ).toBe('allowed');
    expect(server.calls.length).toBe(1);

    const rotated = generateKeyPairSync('ed25519');
    text = await jwks(rotated.publicKey, 'k2');
    const second = `jwt=${await sign(CLAIMS, 'EdDSA', rotated.privateKey, 'k2')}`;
    // Made-up key ids are no requests.
    expect(await remote.said({ query: second })).toBe('jwt-signature');
    remote.monotonicMs += 10_000;
    expect(await remote.said({ query: second })).toBe('allowed');
    expect(await remote.said({ query: first })).toBe('jwt-signature');

    server.answer = (_call, res) => res.writeHead(500).end('<html>');
    remote.monotonicMs += 1_000_000;
    const third = `jwt=${await sign({ ...CLAIMS, jti: 'c' }, 'EdDSA', rotated.privateKey, 'k2')}`;
    expect(await remote.said({ query: third })).toBe('allowed');
  });

  it('is tried with each key of one name, and with none of another', async () => {
    const other = generateKeyPairSync('ed25519');
    const set = async (...keys: readonly (readonly [KeyObject, string?])[]) =>
      JSON.stringify({
        keys: await Promise.all(
          keys.map(async ([key, kid]) => ({ ...(await exportJWK(key)), ...(kid !== undefined && { kid }) })),
        ),
      });
    const server = await HookServer.start();
    servers.push(server);
    let text = await set([other.publicKey, 'k1'], [ED.publicKey, 'k1'], [other.publicKey, 'k2']);
    server.answer = (_call, res) => res.end(text);
    const remote = worldOf({ jwks: server.url('/jwks') });
    expect(await remote.said({ query: `jwt=${await sign(CLAIMS, 'EdDSA', ED.privateKey, 'k1')}` })).toBe(
      'allowed',
    );
    expect(await remote.said({ query: `jwt=${await sign(CLAIMS, 'EdDSA', ED.privateKey, 'k2')}` })).toBe(
      'jwt-signature',
    );
    expect(await remote.said({ query: `jwt=${await sign({ ...CLAIMS, jti: 'd' })}` })).toBe('allowed');
    text =
      '{"keys":[null,1,"x",{},{"kty":"OKP"},{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}';
    const bare = worldOf({ jwks: server.url('/jwks') });
    expect(await bare.said({ query: `jwt=${await sign()}` })).toBe('jwt-signature');
  });

  it.each([
    [{ use: 'enc' }, 'jwt-signature'],
    [{ key_ops: ['encrypt'] }, 'jwt-signature'],
    [{ key_ops: 'verify' }, 'jwt-signature'],
    [{ key_ops: ['verify'], use: 'sig' }, 'allowed'],
  ])('has only keys for signatures: %j', async (more, said) => {
    const keys = [{ ...(await exportJWK(ED.publicKey)), ...more }];
    const server = await HookServer.start();
    servers.push(server);
    server.answer = (_call, res) => res.end(JSON.stringify({ keys }));
    const remote = worldOf({ jwks: server.url('/jwks') });
    expect(await remote.said({ query: `jwt=${await sign()}` })).toBe(said);
  });

  it.each([
    ['redirects', (res: ServerResponse, url: string) => res.writeHead(302, { Location: url }).end()],
    ['answers too much', (res: ServerResponse) => res.end(Buffer.alloc(1_000_000, ' '))],
    ['answers with HTML', (res: ServerResponse) => res.end('<html>')],
    ['answers with no list', (res: ServerResponse) => res.end('{"keys":{}}')],
    ['resets', (res: ServerResponse) => void res.socket?.resetAndDestroy()],
  ])('that %s is none, and nobody is led elsewhere', async (_what, answer) => {
    const server = await HookServer.start();
    servers.push(server);
    server.answer = (_call, res) => answer(res, server.url('/elsewhere'));
    const remote = worldOf({ jwks: server.url('/jwks') });
    expect(await remote.said({ query: `jwt=${await sign()}` })).toBe('jwt-keys-unavailable');
    expect(server.calls.map(({ path }) => path)).not.toContain('/elsewhere');
    expect(JSON.stringify(remote.log)).not.toContain('elsewhere');
  });

  it('that was never had refuses, and says that it may be tried again', async () => {
    const server = await HookServer.start();
    servers.push(server);
    server.answer = (_call, res) => res.destroy();
    const remote = worldOf({ jwks: server.url('/jwks') });
    const query = `jwt=${await sign()}`;
    expect(await remote.said({ query })).toBe('jwt-keys-unavailable');
    const text = await jwks(ED.publicKey, 'k1');
    server.answer = (_call, res) => res.end(text);
    remote.monotonicMs += 1000;
    expect(await remote.said({ query })).toBe('allowed');
  });
});

describe('a pattern', () => {
  it.each([
    ['live/s1', 'live/s1', true],
    ['live/*', 'live/s1', true],
    ['live/*', 'live/room/s1', true],
    ['*', 'live/s1', true],
    ['*', '//v/live/s1', false],
    ['//v/*', '//v/live/s1', true],
    ['//*/live/*', '//v/live/s1', true],
    ['live/*1', 'live/s1', true],
    ['live/*2', 'live/s1', false],
    ['Live/*', 'live/s1', false],
    ['live/s', 'live/s1', false],
    ['', 'live/s1', false],
    ['*a*a*a*a*a*a*a*a*b', 'a'.repeat(700), false],
  ])('%s means %s: %s', (pattern, name, isMeant) => {
    expect(matchesPattern(pattern, name)).toBe(isMeant);
  });
});
