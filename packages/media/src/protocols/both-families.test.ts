import { createServer } from 'node:net';
import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { needs } from '@headwater/testing/tools';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { ListenError } from '../media-listeners.js';
import { KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import { listen } from './listen.js';
import { RtmpPublisher } from './rtmp/rtmp-publisher.js';

const NAME = '__defaultVhost__/live/s';
const BOTH = { rtmp: { host: '::', port: 0 }, http: { host: '::', port: 0 } };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  name: string,
  more: Parameters<typeof startMember>[1],
  mesh?: MemoryMesh,
): Promise<TestMember> {
  const member = await startMember(name, more, mesh);
  closers.push(() => member.stop());
  return member;
}

async function publish(url: string): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.open(url);
  closers.push(() => publisher.close());
  for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) publisher.send(frame);
  return publisher;
}

describe('a member that listens on both families', needs('IPv6'), () => {
  it('takes publishers and players of either, and tells IPv4 addresses as such', async () => {
    const a = await start('a', BOTH);
    await publish(`rtmp://127.0.0.1:${a.rtmpPort}/live/four`);
    await publish(`rtmp://[::1]:${a.rtmpPort}/live/six`);
    const publisherOf = (stream: string) =>
      a.media.stream(`__defaultVhost__/live/${stream}`)?.publisher?.remote;
    expect(publisherOf('four')).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(publisherOf('six')).toMatch(/^\[::1\]:\d+$/);
    const aborts = new AbortController();
    closers.push(() => aborts.abort());
    for (const host of ['127.0.0.1', '[::1]']) {
      const played = await fetch(`http://${host}:${a.httpPort}/live/six.flv`, { signal: aborts.signal });
      expect(played.status).toBe(200);
    }
    const remotes = () =>
      a.media.stream('__defaultVhost__/live/six')?.players.map(({ remote }) => remote) ?? [];
    await until(() => remotes().length === 2 || undefined, 'both players');
    expect(remotes().map((remote) => remote.replace(/\d+$/, ''))).toEqual(['127.0.0.1:', '[::1]:']);
    for (const { fields } of a.log.lines) expect(JSON.stringify(fields)).not.toContain('::ffff:');
  });

  it('counts an IPv4 client by its address, not by that of all of them', async () => {
    const limits = {
      connectionsMax: 100,
      connectionsPerAddressMax: 1,
      handshakeMs: 60_000,
      messageBytesMax: 1_000_000,
      chunkStreamsMax: 64,
    };
    const a = await start('a', { ...BOTH, limits });
    const first = await RawRtmpClient.shaken(a.rtmpPort, '127.0.0.2');
    const other = await RawRtmpClient.shaken(a.rtmpPort, '127.0.0.3');
    closers.push(
      () => first.close(),
      () => other.close(),
    );
    const second = await RawRtmpClient.open(a.rtmpPort, '127.0.0.2');
    await second.closed();
    expect(a.log.of('connection refused')).toEqual([
      { client: '127.0.0.2', protocol: 'rtmp', reason: 'connections-per-address-max' },
    ]);
  });

  it('is redirected to and pulled from by IPv6, in brackets wherever it is told', async () => {
    const mesh = new MemoryMesh();
    const b = await start('b', BOTH, mesh);
    const address = { network: 'test', host: '::1', rtmpPort: b.rtmpPort, httpPort: b.httpPort };
    mesh.setAddress('b', address);
    const a = await start('a', BOTH, mesh);
    await publish(`rtmp://[::1]:${b.rtmpPort}/live/s`);
    const redirect = await fetch(`http://[::1]:${a.httpPort}/live/s.flv`, { redirect: 'manual' });
    expect(redirect.headers.get('location')?.replace(/&headwater-via=.*/, '')).toBe(
      `http://[::1]:${b.httpPort}/live/s.flv?headwater=redirected`,
    );
    const edge = await RawRtmpClient.connected(a.rtmpPort, 'live', {}, [{ srs_sig: 'x', srs_version: '6' }]);
    closers.push(() => edge.close());
    edge.command(1, 'play', 0, null, 's');
    const status = await edge.awaitCommand('onStatus', (values) =>
      JSON.stringify(values).includes('redirect'),
    );
    expect(JSON.stringify(status)).toContain(`rtmp://[::1]:${b.rtmpPort}/live/s`);
    const player = await RawRtmpClient.connected(a.rtmpPort);
    closers.push(() => player.close());
    player.command(1, 'play', 0, null, 's');
    await until(() => a.media.stream(NAME)?.relayFrom === 'b' || undefined, 'the relay');
    await until(
      () => b.media.stream(NAME)?.players[0]?.remote.startsWith('[::1]:') || undefined,
      'the pull over IPv6',
    );
  });
});

describe('a listener', () => {
  const opened = async (host: string, port = 0) => {
    const server = createServer();
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const bound = await listen(server, 'rtmp', { host, port }, new MemoryLog());
    return { server, bound };
  };

  it('says what is wrong, with the address that was asked for', async () => {
    const { bound } = await opened('127.0.0.1');
    await expect(opened('127.0.0.1', bound)).rejects.toEqual(
      new ListenError('rtmp', '127.0.0.1', bound, 'EADDRINUSE'),
    );
    await expect(opened('192.0.2.1')).rejects.toEqual(
      new ListenError('rtmp', '192.0.2.1', 0, 'EADDRNOTAVAIL'),
    );
  });

  it('stays on IPv4 where it is told so', async () => {
    const { server } = await opened('0.0.0.0');
    expect(server.address()).toMatchObject({ family: 'IPv4', address: '0.0.0.0' });
  });

  it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('takes all of IPv4 where :: is answered by %s', async (code) => {
    const server = createServer();
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const { listen: bind } = server;
    const hosts: unknown[] = [];
    // What a kernel without IPv6 answers.
    server.listen = ((options: { host: string }, done: () => void) => {
      hosts.push(options.host);
      if (options.host === '::')
        process.nextTick(() => server.emit('error', Object.assign(new Error(code), { code })));
      else bind.call(server, options, done);
      return server;
    }) as typeof server.listen;
    const bound = await listen(server, 'rtmp', { host: '::', port: 0 }, new MemoryLog());
    expect(hosts).toEqual(['::', '0.0.0.0']);
    expect(server.address()).toMatchObject({ family: 'IPv4', port: bound });
  });
});
