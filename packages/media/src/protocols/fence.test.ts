import { once } from 'node:events';
import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMedia } from '../create-media.js';
import { Fence } from '../fence.js';
import type { Media } from '../media.js';
import type { MediaHost } from '../media-host.js';
import { INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { RtmpPublisher } from './rtmp/rtmp-publisher.js';

const ENDED = 'connection ended by a fault';
/** As a hostile member may call itself, and no HTTP header can carry. */
const BAD_HOSTS = ['a\r\nSet-Cookie: x', '例え.jp'];

let mesh: MemoryMesh;
let log: MemoryLog;
let media: Media;

/** A member whose mesh does what `change` says. */
async function start(change: (host: MediaHost) => Partial<MediaHost>): Promise<void> {
  const host = mesh.host('a');
  media = createMedia(mediaOptions('a'), { ...host, ...change(host) }, log);
  await media.start();
  mesh.setPorts('a', media.ports.rtmp, media.ports.http);
}

beforeEach(() => {
  mesh = new MemoryMesh();
  log = new MemoryLog();
});
afterEach(() => media.stop());

const url = (name: string, scheme = 'http') => `${scheme}://127.0.0.1:${media.ports.http}/live/${name}.flv`;
const rtmpUrl = (name: string) => `rtmp://127.0.0.1:${media.ports.rtmp}/live/${name}`;
const publish = (name: string) => RtmpPublisher.open(rtmpUrl(name));
const isOf = (key: string, name: string) => key.endsWith(`/${name}`);

/** The first faults that were told: whose, and that there is a stack to find it by. */
function faults(): readonly (readonly [unknown, unknown])[] {
  return log.of(ENDED).map(({ protocol, err, faults: count }) => {
    expect(err).toBeInstanceOf(Error);
    return [protocol, count] as const;
  });
}

/** Somebody else is served as before. */
async function expectServing(): Promise<void> {
  const publisher = await publish('well');
  for (const frame of [METADATA(), VIDEO_HEADER(), KEY(0), INTER(40)]) publisher.send(frame);
  const response = await fetch(url('well'));
  expect(response.status).toBe(200);
  await response.body?.cancel();
  publisher.close();
}

describe('a fault in what one connection asked for ends that connection alone', () => {
  it.each(BAD_HOSTS)('a redirect to the host %j', async (host) => {
    const address = { network: 'n', host, rtmpPort: 1, httpPort: 1 };
    await start((own) => ({
      route: (request) => {
        if (!isOf(request.key, 'bad')) return own.route(request);
        const profile = { name: 'b', role: 'origin', addresses: [address], relayAddress: address } as const;
        return {
          kind: 'redirect',
          reason: 'mode-redirect',
          address,
          target: { member: 'b', profile: { ...profile, draining: false, program: '' } },
        };
      },
    }));
    expect((await fetch(url('bad'), { redirect: 'manual' })).status).toBe(500);
    expect((await fetch(url('bad'), { method: 'HEAD', redirect: 'manual' })).status).toBe(500);
    expect(faults()).toEqual([
      ['http', 1],
      ['http', 2],
    ]);
    expect(media.faults()).toBe(2);
    await expectServing();
  });

  it('a play, by each protocol', async () => {
    await start((own) => ({
      route: (request) => {
        if (isOf(request.key, 'bad')) throw new TypeError('planted');
        return own.route(request);
      },
    }));
    expect((await fetch(url('bad'))).status).toBe(500);
    const socket = new WebSocket(url('bad', 'ws'));
    socket.on('error', () => {});
    await once(socket, 'close');
    const player = await RawRtmpClient.connected(media.ports.rtmp);
    player.play('bad');
    await player.closed();
    expect(faults()).toEqual([
      ['http', 1],
      ['http', 2],
      ['rtmp', 3],
    ]);
    expect(log.of(ENDED)[0]?.err).toMatchObject({
      message: 'planted',
      stack: expect.stringContaining('fence.test'),
    });
    await expectServing();
  });

  it('a publish, by each protocol', async () => {
    await start((own) => ({
      claim: (claim) => {
        if (isOf(claim.key, 'bad')) throw new TypeError('planted');
        own.claim(claim);
      },
    }));
    await publish('bad').catch(() => {});
    const posted = await fetch(url('bad2').replace('bad2', 'x/bad'), { method: 'POST', body: 'FLV' });
    expect(posted.status).toBe(500);
    const socket = new WebSocket(url('bad', 'ws').replace('live', 'y'), 'publisher');
    socket.on('error', () => {});
    await once(socket, 'close');
    expect(faults().map(([protocol]) => protocol)).toEqual(['rtmp', 'http', 'http']);
    await expectServing();
  });

  it('a player that waited: the others of its stream go on', async () => {
    let isBad = false;
    await start((own) => ({
      route: (request) => {
        if (isBad && request.protocol === 'ws-flv') throw new TypeError('planted');
        return own.route(request);
      },
    }));
    const other = mesh.host('b');
    const socket = new WebSocket(url('s', 'ws'));
    socket.on('error', () => {});
    await once(socket, 'open');
    const waiting = fetch(url('s'), { redirect: 'manual' });
    await until(
      () => log.of('play routed').filter(({ route }) => route === 'wait').length === 2,
      'two who wait',
    );
    isBad = true;
    other.claim({ key: '__defaultVhost__/live/s', sinceMs: 1, media: {} });
    expect((await waiting).status).toBe(302);
    await until(() => socket.readyState === socket.CLOSED, 'the end of the other');
    expect(faults()).toEqual([['ws-flv', 1]]);
    await expectServing();
  });

  it('a publisher whose end fails gives its place back', async () => {
    await start((own) => ({
      release: (key) => {
        own.release(key);
        if (isOf(key, 'bad')) throw new TypeError('planted');
      },
    }));
    const publisher = await publish('bad');
    publisher.close();
    await until(() => faults().length > 0, 'the fault');
    const again = await publish('bad');
    again.close();
    await expectServing();
  });
});

it('a fault in the end of a connection is told as well, and goes nowhere', async () => {
  await start(() => ({}));
  const fence = new Fence(log);
  const planted = () => {
    throw 'no error at all';
  };
  fence.run({ remote: 'x', protocol: 'y', key: 'k' }, planted, planted);
  fence.runTask('a task', planted);
  expect(fence.faults).toBe(3);
  expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
    `error ${ENDED}`,
    'error connection not ended by a fault in that',
    'error task ended by a fault',
  ]);
  expect(log.of(ENDED)).toMatchObject([{ client: 'x', protocol: 'y', key: 'k', faults: 1 }]);
});
