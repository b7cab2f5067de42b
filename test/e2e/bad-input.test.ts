import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { encodeAmf } from '@headwater/testing/amf0';
import { awaitCondition } from '@headwater/testing/await-condition';
import { Random } from '@headwater/testing/random';
import { needs } from '@headwater/testing/tools';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { type Player, play, publish } from '../support/ffmpeg.js';
import type { OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { type Scope, sharedScope, testScope } from '../support/scope.js';

/** Honest sessions of these tests take part of a second, so that a busy machine has time for them. */
const HANDSHAKE_MS = 4_000;
const IDLE_MS = 5_000;

describe('an origin that is sent nonsense', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let origin: OriginProcess;
  let other: OriginProcess;
  let player: Player;
  let pid: number;
  let descriptors: number;

  beforeAll(async () => {
    const config = {
      limits: { handshakeMs: HANDSHAKE_MS },
      publish: { idleMs: IDLE_MS },
      play: { waitMs: 1_000 },
    };
    const cluster = await Cluster.start(scope, { names: ['a', 'b'], config });
    origin = cluster.member(0);
    other = cluster.member(1);
    pid = origin.pid;
    publish(scope, origin.rtmpUrl('live/steady'));
    await cluster.owned('live/steady', ['a']);
    player = play(scope, other.rtmpUrl('live/steady'));
    await player.played(25);
    descriptors = openDescriptors(pid);
  });

  // Whatever a test did: the process is the same, and who watched through another member still watches.
  afterEach(async () => {
    await player.playsOn(15);
    expect(origin.exit).toBeNull();
    expect(origin.pid).toBe(pid);
    expect(other.exit).toBeNull();
    expect((await fetch(origin.apiUrl('/readyz'))).status).toBe(200);
    expect(origin.logged(/bug|unhandled|uncaught/i)).toEqual([]);
  });

  for (const port of ['rtmp', 'http', 'mesh', 'api'] as const) {
    it(`ends every session of garbage on its ${port} port, and goes on`, async () => {
      const own = testScope();
      const sockets = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const socket = await dial(own, origin.ports[port]);
          socket.write(new Random(index + 1).bytes(10 + index * 300));
          return socket;
        }),
      );
      if (port === 'mesh' || port === 'api') return;
      await awaitCondition('all of them to be closed', () => sockets.every(({ closed }) => closed), {
        instead: () => `${sockets.filter(({ closed }) => !closed).length} of ${sockets.length} are open`,
      });
    });
  }

  it('ends a session that has shaken hands and then sends garbage', async () => {
    const own = testScope();
    await all(
      Array.from({ length: 20 }, (_, index) => index + 1),
      async (seed) => {
        const client = await RtmpClient.open(own, origin.ports.rtmp);
        client.write(new Random(seed).bytes(2_000));
        await client.awaitClose();
      },
    );
  });

  it('closes a connect without a command object', async () => {
    const own = testScope();
    const odd = [[], [1], [1, null], [1, 'text'], [1, 5], [1, undefined], [1, [1, 2]]] as const;
    await all(odd, async (values) => {
      const client = await RtmpClient.open(own, origin.ports.rtmp);
      client.command(0, 'connect', ...values);
      await client.awaitClose();
    });
  });

  it('outlives commands out of order, of wrong types, and cut in the middle', async () => {
    const own = testScope();
    const whole = encodeAmf('connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live' });
    const odd: readonly Buffer[] = [
      encodeAmf('play', 0, null, 's1'),
      encodeAmf('publish', 0, null, 's1', 'live'),
      encodeAmf('createStream', 2, null),
      encodeAmf('deleteStream', 2, null, 99),
      encodeAmf('connect', 1, { app: 5, tcUrl: [] }),
      encodeAmf('connect', 1, { app: '', tcUrl: '' }),
      encodeAmf(5, 5, 5),
      encodeAmf(),
      Buffer.from([2, 0xff, 0xff]),
      Buffer.alloc(500, 3),
      ...Array.from({ length: 12 }, (_, index) => whole.subarray(0, 3 + index * 5)),
    ];
    await all(odd, async (payload) => {
      const client = await RtmpClient.open(own, origin.ports.rtmp);
      client.send(3, 20, 0, payload);
      client.send(3, 20, 1, payload);
      await client.awaitClose();
    });
  });

  it('answers or closes plays and publishes of odd stream names', async () => {
    const odd = [
      '',
      ' ',
      '.',
      '..',
      '../../etc/passwd',
      'a b',
      'a\u0000b',
      'a\nb',
      '?',
      '#',
      'x'.repeat(5_000),
    ];
    const fine = ['日本語', 'ü', '<script>', '%00', '%2e%2e', "'; drop", '🎥'];
    const own = testScope();
    const names = [...odd, ...fine];
    await all(
      [...names.map((name) => ['play', name] as const), ...names.map((name) => ['publish', name] as const)],
      async ([verb, name]) => {
        const client = await RtmpClient.open(own, origin.ports.rtmp);
        await client.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/live`);
        client[verb](name);
        await awaitCondition(
          `an answer to ${verb} of ${JSON.stringify(name.slice(0, 20))}`,
          () => client.statuses.length > 0 || client.isClosed,
        );
        client.socket.destroy();
      },
    );
  });

  it('answers odd HTTP paths with a status of their own', async () => {
    const paths = [
      '//',
      '/live',
      '/live/',
      '/live/.flv',
      '/live/..flv',
      '/live/%2e%2e/%2e%2e/etc/passwd.flv',
      '/live/%00.flv',
      '/live/%zz.flv',
      '/live/a%20b.flv',
      '/%',
      '/live/s1.mp4',
      `/live/${'x'.repeat(4_000)}.flv`,
    ];
    for (const path of paths) {
      const own = testScope();
      const socket = await dial(own, origin.ports.http);
      let answer = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        answer += text;
      });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      await awaitCondition(`an answer to ${path.slice(0, 40)}`, () => answer.includes('\r\n'));
      expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });

  it('answers odd API questions with a code', async () => {
    for (const path of [
      '/api/v1/streams/x',
      '/api/v1/streams/live/a%20b',
      '/api/v2',
      '/api/v1/streams/%ff/%fe',
    ]) {
      const response = await fetch(origin.apiUrl(path));
      expect([path, Math.floor(response.status / 100)]).toEqual([path, 4]);
      expect(await response.json()).toMatchObject({
        error: { code: expect.any(String), hint: expect.any(String) },
      });
    }
  });

  it('closes a publisher that sends no media, and its stream is free again', async () => {
    const own = testScope();
    const silent = await publishing(own, origin, 'silent');
    await silent.awaitClose();
    await awaitCondition(
      'its claim to be gone',
      async () => (await other.ownerNames('live/silent')).length === 0,
    );
    publish(own, origin.rtmpUrl('live/silent'));
    await awaitCondition('a new owner', async () => (await other.ownerNames('live/silent')).includes('a'));
  });

  it('closes half-open connections after the handshake deadline', async () => {
    const own = testScope();
    const silent = await Promise.all(Array.from({ length: 20 }, () => dial(own, origin.ports.rtmp)));
    const half = await Promise.all(Array.from({ length: 20 }, () => dial(own, origin.ports.rtmp)));
    for (const socket of half) socket.write(Buffer.alloc(700, 3));
    const shaken = await RtmpClient.open(own, origin.ports.rtmp);
    const connected = await RtmpClient.open(own, origin.ports.rtmp);
    await connected.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/live`);
    const http = await dial(own, origin.ports.http);
    http.write('GET /live/s1.flv HTTP/1.1\r\nHost:');
    const all = [...silent, ...half, shaken.socket, connected.socket, http];
    await awaitCondition('all of them to be closed', () => all.every(({ closed }) => closed), {
      instead: () => all.map(({ closed }, index) => (closed ? '' : index)).join(' '),
    });
  });

  it('drops a publisher that announces more than it may send', async () => {
    const own = testScope();
    const greedy = await publishing(own, origin, 'greedy');
    const header = Buffer.from('04000000ffffff0901000000', 'hex');
    greedy.socket.write(Buffer.concat([header, Buffer.alloc(128)]));
    await greedy.awaitClose();
  });

  it('keeps no descriptor of all these sessions', async () => {
    // The garbage on the mesh and API ports may be open still; their own deadlines are longer.
    await awaitCondition('as few descriptors as at first', () => openDescriptors(pid) <= descriptors + 5, {
      instead: () => `${openDescriptors(pid)} now, ${descriptors} at first`,
    });
  });
});

/** Each of these at once: most of them only end by a deadline of the member. */
function all<T>(items: readonly T[], session: (item: T) => Promise<void>): Promise<unknown> {
  return Promise.all(items.map(session));
}

function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function publishing(scope: Scope, origin: OriginProcess, name: string): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, origin.ports.rtmp);
  await client.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/live`);
  client.publish(name);
  await client.awaitStatus('NetStream.Publish.Start');
  return client;
}

async function dial(scope: Scope, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  scope.defer(() => socket.destroy());
  socket.on('error', () => {});
  socket.resume();
  await awaitCondition(`a connection to port ${port}`, () => !socket.connecting);
  return socket;
}
