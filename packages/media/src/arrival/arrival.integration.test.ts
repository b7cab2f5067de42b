import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { TestAuthority } from '@headwater/testing/certificates';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { MediaOptions } from '../media-options.js';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { KEY, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import { makeRelayIdentity } from '../tls/relay-identity.js';

const NAME = '__defaultVhost__/live/s';
const AT = { host: '127.0.0.1', port: 0 };
const closers: (() => unknown)[] = [];
let folder: string;
let authority: TestAuthority;
let certificates: { cert: string; key: string }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-tls-'));
  authority = await TestAuthority.create();
  certificates = [];
  for (const name of ['first.example', 'live.example.com'])
    certificates.push(write(name, await authority.issue([name])));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function write(name: string, pem: { cert: string; key: string }) {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  writeFileSync(files.cert, pem.cert);
  writeFileSync(files.key, pem.key);
  return files;
}

async function start(more: Partial<MediaOptions> = {}, mesh = new MemoryMesh(), name = 'a') {
  const secure = { rtmps: AT, https: AT, tls: { certificates } };
  const member = await startMember(name, { ...secure, ...more }, mesh);
  closers.push(() => member.stop());
  return member;
}

/** Trusts loopback as a proxy, except for the client's own addresses, which are elsewhere. */
const PROXIED = { trustedProxies: ['127.0.0.1'] } as const;

const v1 = (ip: string, port = 4711) => Buffer.from(`PROXY TCP4 ${ip} 127.0.0.1 ${port} 1935\r\n`);

function v2(ip: string, isSecure: boolean): Buffer {
  const address = Buffer.alloc(12);
  Buffer.from(ip.split('.').map(Number)).copy(address);
  address.writeUInt16BE(4711, 8);
  const ssl = Buffer.from([0x20, 0, 5, isSecure ? 1 : 0, 0, 0, 0, 0]);
  const head = Buffer.from('0d0a0d0a000d0a515549540a21110014', 'hex');
  return Buffer.concat([head, address, ssl]);
}

/** A connection that begins with these bytes, `perWrite` of them at a time. */
async function dial(port: number, first: Buffer, perWrite = first.length || 1): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {});
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  for (let at = 0; at < first.length; at += perWrite)
    await new Promise((resolve) => socket.write(first.subarray(at, at + perWrite), resolve));
  return socket;
}

async function secure(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1',
    ca: authority.cert,
    servername: 'live.example.com',
    ...options,
  });
  closers.push(() => socket.destroy());
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

async function rtmp(socket: Socket, more = {}): Promise<RawRtmpClient> {
  const client = new RawRtmpClient(socket);
  await client.handshake();
  client.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live', ...more });
  await client.answer('_result');
  client.command(0, 'createStream', 2, null);
  await client.answer('_result', 2);
  return client;
}

async function publish(member: TestMember) {
  const publisher = await RtmpPublisher.open(member.rtmp('live/s'));
  closers.push(() => publisher.close());
  for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) publisher.send(frame);
  return publisher;
}

/** The addresses of those who play the stream here. */
const players = (member: TestMember) => member.media.stream(NAME)?.players.map(({ remote }) => remote) ?? [];
const onePlayer = (member: TestMember) => until(() => players(member)[0] ?? undefined, 'a player');

describe('TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('publishes and plays RTMPS by %s', async (version) => {
    const member = await start();
    const port = member.media.ports.rtmps;
    const publisher = await rtmp(await secure({ port, minVersion: version, maxVersion: version }));
    publisher.publish('s');
    await publisher.status('NetStream.Publish.Start');
    const player = await rtmp(await secure({ port, minVersion: version, maxVersion: version }));
    player.play('s');
    await player.status('NetStream.Play.Start');
    publisher.message(9, Buffer.from(VIDEO_HEADER().payload));
    publisher.message(9, Buffer.from(KEY(0, 1).payload));
    await until(
      () => player.messages.filter(({ type }) => type === 9).length >= 2 || undefined,
      'the frames',
    );
  });

  it('answers with the certificate for the name, and with the first one without', async () => {
    const { media } = await start();
    const subject = async (servername: string) =>
      (
        await secure({ port: media.ports.https, servername, checkServerIdentity: () => undefined })
      ).getPeerCertificate().subject.CN;
    expect(await subject('live.example.com')).toBe('live.example.com');
    expect(await subject('')).toBe('first.example');
    expect(await subject('nobody.example')).toBe('first.example');
  });

  it('refuses TLS 1.1, plain bytes and half a handshake, and goes on', async () => {
    const member = await start({ limits: { ...mediaOptions('a').limits, handshakeMs: 300 } });
    const port = member.media.ports.rtmps;
    await expect(
      secure({ port, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow();
    const plain = await dial(port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    plain.resume();
    await new Promise((resolve) => plain.once('close', resolve));
    const half = await dial(port, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    half.resume();
    await new Promise((resolve) => half.once('close', resolve));
    await until(() => member.media.connections === 0 || undefined, 'all to be gone');
    expect(member.log.of('connection refused').map(({ reason }) => reason)).toEqual([
      'tls-handshake',
      'tls-handshake',
      'handshake-deadline',
    ]);
    await rtmp(await secure({ port }));
    expect(member.media.faults()).toBe(0);
  });

  it('new connections get a changed certificate, and those that are there stay', async () => {
    const own = [write('changing', await authority.issue(['live.example.com']))];
    const member = await start({ tls: { certificates: own } });
    const port = member.media.ports.https;
    await publish(member);
    const player = await secure({ port });
    player.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
    player.resume();
    const before = player.getPeerCertificate().serialNumber;
    await onePlayer(member);
    write('changing', await authority.issue(['live.example.com']));
    await until(() => member.log.of('certificate reloaded').length > 0 || undefined, 'the reload');
    expect((await secure({ port })).getPeerCertificate().serialNumber).not.toBe(before);
    expect(
      (await secure({ port, servername: '', checkServerIdentity: () => undefined })).getPeerCertificate()
        .serialNumber,
    ).not.toBe(before);
    expect(players(member)).toHaveLength(1);
  });

  it('plays by wss', async () => {
    const member = await start();
    await publish(member);
    const socket = new WebSocket(`wss://127.0.0.1:${member.media.ports.https}/live/s.flv`, [], {
      rejectUnauthorized: false,
    });
    closers.push(() => socket.terminate());
    const first = await new Promise<Buffer>((resolve, reject) =>
      socket.once('message', (bytes) => resolve(bytes as Buffer)).once('error', reject),
    );
    expect(first.subarray(0, 3).toString()).toBe('FLV');
  });
});

/** Status and headers of a GET by HTTPS, without its body. */
function head(
  port: number,
  headers: Record<string, string> = {},
): Promise<[number | undefined, string | undefined]> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: '/live/s.flv?token=x',
        ca: authority.cert,
        servername: 'live.example.com',
        headers,
      },
      (res) => {
        resolve([res.statusCode, res.headers.location?.replace(/&headwater-via=.*/, '')]);
        res.destroy();
      },
    );
    asked.on('error', reject).end();
  });
}

describe('a redirect', () => {
  it('keeps the scheme, and where the owner has no port for it the stream is relayed', async () => {
    const mesh = new MemoryMesh();
    const owner = await start({}, mesh, 'b');
    await publish(owner);
    const asked = await start({}, mesh, 'a');
    const { https } = asked.media.ports;
    const target = `https://127.0.0.1:${owner.media.ports.https}/live/s.flv?token=x&headwater=redirected`;
    mesh.setPorts('b', owner.rtmpPort, owner.httpPort, owner.media.ports);
    expect(await head(https)).toEqual([302, target]);
    mesh.setPorts('b', owner.rtmpPort, owner.httpPort);
    expect(await head(https)).toEqual([200, undefined]);
    expect(asked.log.of('play routed').at(-1)).toMatchObject({ route: 'relay', reason: 'owner-lacks-port' });
    const plain = await fetch(`http://127.0.0.1:${asked.httpPort}/live/s.flv`, { redirect: 'manual' });
    expect(plain.headers.get('location')).toMatch(`http://127.0.0.1:${owner.httpPort}/live/s.flv`);
  });

  it.each([
    ['by TLS', (port: number) => secure({ port })],
    ['by TLS that ended before', (port: number) => dial(port, v2('192.0.2.7', true))],
  ])('of an SRS edge keeps it %s', async (way, open) => {
    const mesh = new MemoryMesh();
    const owner = await start({}, mesh, 'b');
    await publish(owner);
    mesh.setPorts('b', owner.rtmpPort, owner.httpPort, owner.media.ports);
    const asked = await start(PROXIED, mesh, 'a');
    const { rtmps, rtmp: plain } = asked.media.ports;
    const edge = new RawRtmpClient(await open(way === 'by TLS' ? rtmps : plain));
    await edge.handshake();
    edge.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://h/live' }, { srs_sig: 'x' });
    await edge.answer('_result');
    edge.command(0, 'createStream', 2, null);
    await edge.answer('_result', 2);
    edge.play('s');
    await until(
      () =>
        JSON.stringify(edge.commands).includes(`rtmps://127.0.0.1:${owner.media.ports.rtmps}/live`) ||
        undefined,
      'the redirect',
    );
  });
});

describe('a PROXY header from a trusted proxy', () => {
  it.each([
    ['version 1', v1('192.0.2.7'), 1000],
    ['version 1, byte by byte', v1('192.0.2.7'), 1],
    ['version 2', v2('192.0.2.7', false), 1000],
    ['version 2, byte by byte', v2('192.0.2.7', false), 1],
  ])('names the client: %s', async (_, header, perWrite) => {
    const member = await start(PROXIED);
    await publish(member);
    const player = await rtmp(await dial(member.rtmpPort, header, perWrite));
    player.play('s');
    expect(await onePlayer(member)).toBe('192.0.2.7:4711');
    player.close();
    await until(() => players(member).length === 0 || undefined, 'the player to be gone');
    const overHttp = await dial(member.httpPort, header, perWrite);
    overHttp.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await onePlayer(member)).toBe('192.0.2.7:4711');
  });

  it('comes before TLS, and in one packet with what follows', async () => {
    const member = await start(PROXIED);
    await publish(member);
    const socket = await secure({ socket: await dial(member.media.ports.https, v1('192.0.2.7')) });
    socket.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await onePlayer(member)).toBe('192.0.2.7:4711');
    socket.destroy();
    await until(() => players(member).length === 0 || undefined, 'the player to be gone');
    const get = Buffer.from('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
    await dial(member.httpPort, Buffer.concat([v2('192.0.2.8', false), get]));
    expect(await onePlayer(member)).toBe('192.0.2.8:4711');
  });

  it('may be missing, or name nobody: then it is the proxy itself', async () => {
    const member = await start(PROXIED);
    await publish(member);
    for (const first of ['', 'PROXY UNKNOWN\r\n']) {
      const socket = await dial(member.httpPort, Buffer.from(first));
      socket.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
      expect(await onePlayer(member)).toMatch(/^127\.0\.0\.1:/);
      socket.destroy();
      await until(() => players(member).length === 0 || undefined, 'the player to be gone');
    }
  });

  it('that is wrong or does not end closes the connection, and nothing else', async () => {
    const member = await start({ ...PROXIED, limits: { ...mediaOptions('a').limits, handshakeMs: 300 } });
    const bad = [
      Buffer.from('PROXY TCP4 rubbish\r\n'),
      Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex'),
      Buffer.from('PROXY TCP4 192.0.2.7 '),
      Buffer.from('0d0a0d0a000d0a515549540a2111000c01', 'hex'),
    ];
    const { ports } = member.media;
    for (const port of [ports.rtmp, ports.rtmps, ports.http, ports.https]) {
      for (const first of bad) {
        const socket = await dial(port, first);
        socket.resume();
        await new Promise((resolve) => socket.once('close', resolve));
      }
    }
    await until(() => member.media.connections === 0 || undefined, 'all to be gone');
    expect(member.media.faults()).toBe(0);
    const refused = member.log.of('connection refused').map(({ reason }) => reason);
    expect(refused.filter((reason) => reason === 'proxy-header-invalid')).toHaveLength(8);
  });

  it('from a stranger is no header', async () => {
    const member = await start({ trustedProxies: ['192.0.2.1'] });
    await publish(member);
    const socket = await dial(
      member.httpPort,
      Buffer.concat([v1('192.0.2.7'), Buffer.from('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n')]),
    );
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    const asRtmp = await dial(member.rtmpPort, Buffer.concat([v1('192.0.2.7'), Buffer.alloc(2000)]));
    asRtmp.resume();
    await new Promise((resolve) => asRtmp.once('close', resolve));
    expect(players(member)).toEqual([]);
  });
});

describe('limits by address behind a proxy', () => {
  const limits = { ...mediaOptions('a').limits, connectionsPerAddressMax: 2 };

  it('count the real client by PROXY, and the proxy not at all', async () => {
    const member = await start({ ...PROXIED, limits });
    for (const ip of ['192.0.2.7', '192.0.2.7', '192.0.2.8', '192.0.2.9', '192.0.2.9'])
      await rtmp(await dial(member.rtmpPort, v1(ip)));
    for (let index = 0; index < 5; index += 1) await rtmp(await dial(member.rtmpPort, Buffer.alloc(0)));
    const third = await dial(member.rtmpPort, v1('192.0.2.7'));
    third.resume();
    await new Promise((resolve) => third.once('close', resolve));
    expect(member.log.of('connection refused')).toEqual([
      { client: '192.0.2.7', protocol: 'rtmp', reason: 'connections-per-address-max' },
    ]);
  });

  it('count it by X-Forwarded-For, request by request', async () => {
    const member = await start({ ...PROXIED, limits });
    await publish(member);
    const url = `http://127.0.0.1:${member.httpPort}/live/s.flv`;
    // An answer that nobody refers to is ended by the collector.
    const answers: Response[] = [];
    const status = async (ip: string) => {
      const abort = new AbortController();
      closers.push(() => abort.abort());
      const answer = await fetch(url, { headers: { 'X-Forwarded-For': ip }, signal: abort.signal });
      answers.push(answer);
      return answer.status;
    };
    const all = [];
    for (const ip of ['192.0.2.7', '192.0.2.7', '192.0.2.7', '192.0.2.8', '192.0.2.8', '192.0.2.8'])
      all.push(await status(ip));
    expect(all).toEqual([200, 200, 503, 200, 200, 503]);
    expect(
      players(member)
        .map((remote) => remote.replace(/:\d+$/, ''))
        .sort(),
    ).toEqual(['192.0.2.7', '192.0.2.7', '192.0.2.8', '192.0.2.8']);
    expect(answers).toHaveLength(6);
  });

  it('believe no header of a stranger, nor one that came through PROXY from one', async () => {
    const member = await start({ ...PROXIED, limits });
    await publish(member);
    const socket = await dial(member.httpPort, v1('192.0.2.7'));
    socket.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n');
    expect(await onePlayer(member)).toBe('192.0.2.7:4711');
  });
});

it('X-Forwarded-Proto makes a redirect to HTTPS', async () => {
  const mesh = new MemoryMesh();
  const owner = await start({}, mesh, 'b');
  await publish(owner);
  mesh.setPorts('b', owner.rtmpPort, owner.httpPort, owner.media.ports);
  const asked = await start(PROXIED, mesh, 'a');
  const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' };
  for (const method of ['GET', 'HEAD']) {
    const url = `http://127.0.0.1:${asked.httpPort}/live/s.flv`;
    const answer = await fetch(url, { method, headers, redirect: 'manual' });
    expect(answer.headers.get('location')).toMatch(`https://127.0.0.1:${owner.media.ports.https}/live/s.flv`);
  }
});

describe('relays by TLS', () => {
  async function pair(keyHash: 'own' | 'forged') {
    const mesh = new MemoryMesh();
    const relay = await makeRelayIdentity(Date.now());
    const owner = await start({ tls: { certificates: [], relay: relay.pem } }, mesh, 'b');
    await publish(owner);
    const hash = keyHash === 'own' ? relay.keyHash : (await makeRelayIdentity(Date.now())).keyHash;
    mesh.setRelayTls('b', { port: owner.media.ports.rtmps, keyHash: hash });
    const asked = await start({}, mesh, 'a');
    const player = await rtmp(await dial(asked.rtmpPort, Buffer.alloc(0)));
    player.play('s');
    return { owner, asked, player };
  }

  it('pull from the member that has the key which the mesh told of, without a certificate', async () => {
    const { asked, player } = await pair('own');
    await until(() => player.messages.some(({ type }) => type === 9) || undefined, 'a frame');
    expect(asked.media.stream(NAME)?.source).toBe('relay');
  });

  it('pull from nobody else', async () => {
    const { asked, owner } = await pair('forged');
    await until(
      () => JSON.stringify(asked.log.lines).includes('not-the-member') || undefined,
      'the reason in the log',
    );
    expect(players(owner)).toEqual([]);
    expect(asked.media.stream(NAME)?.source).not.toBe('relay');
  });
});
