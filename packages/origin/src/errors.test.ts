import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ERRORS, expectedFailure, HeadwaterError, listenFailure } from './errors.js';

const listeners = {
  rtmp: { host: '0.0.0.0', port: 1935 },
  http: { host: '0.0.0.0', port: 8080 },
  api: { host: '127.0.0.1', port: 1985 },
  mesh: { host: '::', port: 7946 },
};

const named = (name: string, fields: object, cause?: unknown) =>
  Object.assign(new Error(`a ${name}`, { cause }), { name, ...fields });

describe('expectedFailure', () => {
  it('names the port that is taken, and every way to change it', () => {
    const error = named('ListenError', {
      what: 'rtmp',
      host: '0.0.0.0',
      port: 1935,
      systemCode: 'EADDRINUSE',
    });
    const failure = expectedFailure(error, listeners);
    expect(failure).toMatchObject({
      code: 'PORT_TAKEN',
      message: 'rtmp cannot listen on 0.0.0.0:1935: another program has this port',
      cause: error,
    });
    for (const way of ['rtmp.port', 'HEADWATER_RTMP_PORT=', '--set rtmp.port='])
      expect(failure?.hint).toContain(way);
  });

  it.each([
    ['EACCES', 'PORT_FORBIDDEN', 'http.port'],
    ['EADDRNOTAVAIL', 'ADDRESS_UNAVAILABLE', 'http.host'],
    ['EWHATEVER', 'LISTEN_FAILED', 'http.port'],
  ])('tells %s as %s', (systemCode, code, key) => {
    const failure = listenFailure('http', listeners.http, systemCode);
    expect(failure.code).toBe(code);
    expect(failure.hint).toContain(`--set ${key}=`);
  });

  it.each(['EMFILE', 'ENFILE'])('tells %s as too few files, whatever was tried with the next one', (code) => {
    const system = Object.assign(new Error(`${code}: too many open files, open 'x'`), { code });
    const failures = [
      system,
      named('MeshError', { code: 'identity' }, system),
      named('ListenError', { what: 'rtmp', host: '::', port: 1935, systemCode: code }, system),
    ];
    for (const error of failures)
      expect(expectedFailure(error, listeners)).toMatchObject({ code: 'FILES_TOO_FEW', cause: error });
  });

  it('finds the system code of the mesh below the causes, also in an AggregateError', () => {
    const system = Object.assign(new Error('listen'), { code: 'EADDRINUSE' });
    for (const cause of [
      system,
      new Error('wrapped', { cause: system }),
      new AggregateError([new Error('x'), system]),
    ]) {
      const failure = expectedFailure(named('MeshError', { code: 'listen' }, cause), listeners);
      expect(failure).toMatchObject({
        code: 'PORT_TAKEN',
        message: 'mesh cannot listen on [::]:7946: another program has this port',
      });
    }
    expect(expectedFailure(named('MeshError', { code: 'listen' }), listeners)?.code).toBe('LISTEN_FAILED');
  });

  it.each([
    ['ENOSPC', 'Make room'],
    ['EROFS', 'writable'],
    ['ESTALE', 'mount'],
    ['ETIMEDOUT', 'mount'],
    ['ENOTDIR', 'a file has that name'],
  ])('does not advise to remove an identity because of %s', (code, advice) => {
    const cause = Object.assign(new Error('write'), { code });
    const failure = expectedFailure(named('MeshError', { code: 'identity' }, cause), listeners);
    expect(failure?.code).toBe('IDENTITY_UNUSABLE');
    expect(failure?.hint).toContain(advice);
    expect(failure?.hint).not.toContain('new identity');
  });

  it.each([
    ['identity', 'IDENTITY_UNUSABLE'],
    ['key-missing', 'MESH_KEY_MISSING'],
    ['key-short', 'MESH_KEY_SHORT'],
    ['seed-invalid', 'SEED_INVALID'],
  ])('tells MeshError %s as %s', (code, expected) => {
    expect(expectedFailure(named('MeshError', { code }), listeners)).toMatchObject({
      code: expected,
      message: 'a MeshError',
    });
  });

  it('takes what is left to listen for the API', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const port = (holder.address() as { port: number }).port;
    const error = await new Promise((resolve) =>
      createServer().once('error', resolve).listen(port, '127.0.0.1'),
    );
    const failure = expectedFailure(error, { ...listeners, api: { host: '127.0.0.1', port } });
    expect(failure).toMatchObject({ code: 'PORT_TAKEN' });
    expect(failure?.hint).toContain('--set api.port=');
    await new Promise((resolve) => holder.close(resolve));
  });

  it('passes what is one already, and knows no bug', () => {
    const failure = new HeadwaterError('NOT_READY', 'x');
    expect(expectedFailure(failure, listeners)).toBe(failure);
    for (const bug of [new TypeError('x'), 'text', null, undefined])
      expect(expectedFailure(bug, listeners)).toBeNull();
  });
});

it('every error says what to do, in a sentence', () => {
  for (const [code, hint] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(hint.length).toBeGreaterThan(20);
  }
});
