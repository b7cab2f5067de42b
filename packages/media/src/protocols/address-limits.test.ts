import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaHost } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { KEY, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { RtmpPublisher } from './rtmp/rtmp-publisher.js';

const NAME = '__defaultVhost__/live/s';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  name: string,
  limits: Partial<MediaOptions['limits']>,
  mesh = new MemoryMesh(),
  more: Partial<MediaHost> = {},
): Promise<{ media: Media; log: MemoryLog }> {
  const log = new MemoryLog();
  const options = mediaOptions(name);
  const media = createMedia(
    { ...options, limits: { ...options.limits, ...limits } },
    { ...mesh.host(name), ...more },
    log,
  );
  await media.start();
  mesh.setPorts(name, media.ports.rtmp, media.ports.http);
  closers.push(() => media.stop());
  return { media, log };
}

async function client(media: Media): Promise<RawRtmpClient> {
  const opened = await RawRtmpClient.connected(media.ports.rtmp);
  closers.push(() => opened.close());
  return opened;
}

describe('pulls of members', () => {
  /** A member with one publisher, and room for one connection from each address. */
  async function full(isMemberAddress: () => boolean) {
    const mesh = new MemoryMesh();
    const b = await start('b', { connectionsPerAddressMax: 1 }, mesh, { isMemberAddress });
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${b.media.ports.rtmp}/live/s`);
    closers.push(() => publisher.close());
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) publisher.send(frame);
    const a = await start('a', {}, mesh);
    const player = await client(a.media);
    player.command(1, 'play', 0, null, 's');
    return { a, b };
  }

  it('do not count against their address: there may be any number of clients', async () => {
    const { a, b } = await full(() => true);
    await until(() => a.media.stream(NAME)?.source === 'relay' || undefined, 'the relay');
    await until(() => (b.media.stream(NAME)?.players.length ?? 0) === 1 || undefined, 'the pull');
    expect(b.log.of('connection refused')).toEqual([]);
    // A client from there has no place, though it was let in to show what it is.
    const other = await client(b.media);
    other.command(1, 'play', 0, null, 's');
    await other.closed();
    const closed = () => b.log.of('connection closed');
    await until(() => closed().length > 0 || undefined, 'its end in the log');
    expect(closed()).toMatchObject([{ reason: 'connections-per-address-max' }]);
    const publisher = await client(b.media);
    publisher.command(1, 'publish', 0, null, 't', 'live');
    await publisher.closed();
    expect(b.media.stream('__defaultVhost__/live/t')).toBeUndefined();
    expect(b.media.stream(NAME)?.players).toHaveLength(1);
  });

  it('count where the mesh knows no member, whatever they call themselves', async () => {
    const { a, b } = await full(() => false);
    await until(() => b.log.of('connection refused').length > 0 || undefined, 'the refusal');
    expect(a.media.stream(NAME)?.source).toBe('none');
  });
});

describe('publishes', () => {
  const LIMITED = { publishesPerAddressPerMinute: 3 };
  const WORDS = /limits\.publishesPerAddressPerMinute/;

  /** Publishes and stops, so often. */
  async function publishes(media: Media, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${media.ports.rtmp}/live/s`);
      await publisher.close();
      await until(() => media.stream(NAME) === undefined || undefined, 'its end');
    }
  }

  it('of one address are so many within a minute; then they are refused with words, by each protocol', async () => {
    const { media, log } = await start('a', LIMITED);
    await publishes(media, 3);
    const rtmp = await client(media);
    rtmp.command(1, 'publish', 0, null, 's', 'live');
    const status = await rtmp.status('NetStream.Publish.BadName');
    expect(status).toMatchObject({ level: 'error', description: expect.stringMatching(WORDS) });
    const http = await fetch(`http://127.0.0.1:${media.ports.http}/live/s.flv`, {
      method: 'POST',
      body: 'FLV',
    });
    expect(http.status).toBe(429);
    expect(await http.text()).toMatch(WORDS);
    const socket = new WebSocket(`ws://127.0.0.1:${media.ports.http}/live/s.flv`, 'publisher');
    const [code, words] = await new Promise<[number, string]>((resolve) => {
      socket.on('close', (closed, reason) => resolve([closed, String(reason)]));
    });
    expect([code, words]).toEqual([4429, expect.stringMatching(/published too often/)]);
    expect(log.of('publish refused').map(({ reason }) => reason)).toEqual([
      'publish-rate',
      'publish-rate',
      'publish-rate',
    ]);
    expect(log.of('publish accepted')).toHaveLength(3);
  });

  it('on one connection count the same, and it may play on', async () => {
    const { media } = await start('a', LIMITED);
    const one = await client(media);
    for (let i = 0; i < 3; i += 1) {
      one.command(1, 'publish', 0, null, 's', 'live');
      await until(() => media.stream(NAME)?.source === 'publisher' || undefined, 'the publish');
      one.command(1, 'closeStream', 0, null);
      await until(() => media.stream(NAME) === undefined || undefined, 'its end');
    }
    one.command(1, 'publish', 0, null, 's', 'live');
    await one.status('NetStream.Publish.BadName');
    expect(media.stream(NAME)).toBeUndefined();
  });

  it('that were refused for another reason do not count: the mesh hears nothing of them', async () => {
    const { media, log } = await start('a', LIMITED);
    const first = await RtmpPublisher.open(`rtmp://127.0.0.1:${media.ports.rtmp}/live/s`);
    for (let i = 0; i < 5; i += 1)
      await expect(RtmpPublisher.open(`rtmp://127.0.0.1:${media.ports.rtmp}/live/s`)).rejects.toThrow(
        /publishes this stream/,
      );
    await first.close();
    await until(() => media.stream(NAME) === undefined || undefined, 'its end');
    await publishes(media, 2);
    expect(log.of('publish refused').map(({ reason }) => reason)).toEqual(Array(5).fill('already-published'));
  });

  it('of one that reconnects all the time are never refused by default', async () => {
    const { media, log } = await start('a', {});
    await publishes(media, 70);
    expect(log.of('publish refused')).toEqual([]);
  });
});
