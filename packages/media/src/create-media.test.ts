import { probe, TestPublisher } from '@headwater/testing/ffmpeg';
import { MemoryLog } from '@headwater/testing/memory-log';
import { needs } from '@headwater/testing/tools';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { createMedia } from './create-media.js';
import { mediaOptions } from './testing/media-options.js';
import { MemoryMesh } from './testing/memory-mesh.js';
import { startMember, type TestMember } from './testing/test-member.js';

const KEY_S = '__defaultVhost__/live/s';

const members: TestMember[] = [];
const publishers: TestPublisher[] = [];

async function start(name: string, mesh = new MemoryMesh()): Promise<TestMember> {
  const member = await startMember(name, {}, mesh);
  members.push(member);
  return member;
}

async function publish(member: TestMember, path = 'live/s'): Promise<TestPublisher> {
  const publisher = new TestPublisher(member.rtmp(path));
  publishers.push(publisher);
  const media = () => member.media.stream(`__defaultVhost__/${path}`)?.media;
  await until(() => media()?.video !== undefined && media()?.audio !== undefined, 'ffmpeg’s media');
  return publisher;
}

afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.kill()));
  await Promise.all(members.splice(0).map((member) => member.stop()));
});

describe('media with ffmpeg', needs('ffmpeg', 'ffprobe'), () => {
  it('serves what is published here, from the first keyframe on', async () => {
    const a = await start('a');
    await publish(a);
    const seen = await probe(a.rtmp('live/s'), 2);
    expect(seen.run.stderr).toBe('');
    expect(seen.width).toBe(320);
    expect(seen.video).toBeGreaterThanOrEqual(48);
    expect(seen.audio).toBeGreaterThanOrEqual(70);
    expect(seen.backwards).toBe(0);
  });

  it('tells what is in a stream, who plays it, and the load', async () => {
    const a = await start('a');
    await publish(a);
    const playing = probe(a.rtmp('live/s'), 3);
    await until(() => a.media.load().outboundKbps > 0, 'outbound rate');
    expect(a.media.load()).toMatchObject({ players: 1, publishers: 1 });
    expect(a.media.stream(KEY_S)).toMatchObject({
      source: 'publisher',
      publisher: { protocol: 'rtmp', agent: expect.stringContaining('FMLE') },
      media: {
        video: { codec: 'h264', width: 320, height: 180, frameRate: 25 },
        audio: { codec: 'aac', sampleRateHz: 44_100, channels: 2 },
      },
      players: [{ protocol: 'rtmp', state: 'playing' }],
    });
    await playing;
  });

  it('lets a player wait, and serves it when the stream comes', async () => {
    const a = await start('a');
    const playing = probe(a.rtmp('live/s'), 1);
    await until(() => a.media.stream(KEY_S)?.players[0]?.state === 'waiting', 'the waiting player');
    await publish(a);
    const seen = await playing;
    expect(seen.video).toBeGreaterThanOrEqual(24);
  });

  it('refuses the second publisher, and the first goes on', async () => {
    const a = await start('a');
    await publish(a);
    const second = new TestPublisher(a.rtmp('live/s'));
    publishers.push(second);
    expect(await second.exited).not.toBe(0);
    expect(second.stderr).toContain('already');
    expect((await probe(a.rtmp('live/s'), 1)).video).toBeGreaterThanOrEqual(24);
  });

  it('takes apps of several parts and vhosts as parameters', async () => {
    const a = await start('a');
    await publish(a, 'live/room/s');
    expect((await probe(a.rtmp('live/room/s'), 0.5)).video).toBeGreaterThan(0);
  });

  it('relays to who follows no redirect', async () => {
    const mesh = new MemoryMesh();
    const [a, b] = [await start('a', mesh), await start('b', mesh)];
    await publish(a);
    const [seen, again] = await Promise.all([probe(b.rtmp('live/s'), 2), probe(b.rtmp('live/s'), 2)]);
    for (const each of [seen, again]) {
      expect(each.video).toBeGreaterThanOrEqual(48);
      expect(each.backwards).toBe(0);
    }
    expect(a.log.of('play routed').filter(({ mark }) => mark === 'relay')).toHaveLength(1);
    await until(() => b.media.stream(KEY_S) === undefined, 'the end of the pull');
  });

  it('goes on from the other owner when a publisher dies, on the same connection', async () => {
    const mesh = new MemoryMesh();
    const [a, b] = [await start('a', mesh), await start('b', mesh)];
    const first = await publish(a);
    await publish(b);
    const playing = probe(a.rtmp('live/s'), 6);
    await until(() => (a.media.stream(KEY_S)?.players[0]?.bytesOut ?? 0) > 50_000, 'the player');
    await first.kill();
    await until(() => a.media.stream(KEY_S)?.source === 'relay', 'the relay');
    const seen = await playing;
    expect(seen.backwards).toBe(0);
    expect(seen.video).toBeGreaterThanOrEqual(120);
  });
});

describe('listeners', () => {
  it('say which address is taken, and leave nothing open', async () => {
    const a = await start('a');
    const mesh = new MemoryMesh();
    const rtmp = { host: '127.0.0.1', port: a.rtmpPort };
    const taken = createMedia({ ...mediaOptions('x'), rtmp }, mesh.host('x'), new MemoryLog());
    await expect(taken.start()).rejects.toMatchObject({
      what: 'rtmp',
      port: a.rtmpPort,
      systemCode: 'EADDRINUSE',
    });
    const http = { host: '127.0.0.1', port: a.httpPort };
    const half = createMedia({ ...mediaOptions('y'), http }, mesh.host('y'), new MemoryLog());
    await expect(half.start()).rejects.toMatchObject({ what: 'http', port: a.httpPort });
    await half.stop();
    await taken.stop();
  });
});
