import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeRtmpServer } from '../../testing/fake-rtmp-server.js';
import { makeFrame } from '../../wire/make-frame.js';
import { amfObject, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import { RtmpPublisher } from './rtmp-publisher.js';
import { parseRtmpUrl, tcUrl } from './rtmp-target.js';

let server: FakeRtmpServer | undefined;
afterEach(() => server?.close());

const PICTURE = Buffer.from([0x17, 1, 0, 0, 0, 9, 9, 9]);
const START = { level: 'status', code: 'NetStream.Publish.Start' } as const;
/** `onMetaData` as a name, then nothing. */
const METADATA = Buffer.from([2, 0, 10, ...Buffer.from('onMetaData')]);

describe('RtmpPublisher', () => {
  it('says what encoders say, in their order, and names the stream with its query', async () => {
    server = await FakeRtmpServer.open((connection) => connection.serve(START));
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/room/s1?token=x`, {
      agent: 'test',
    });
    publisher.send(makeFrame('data', 0, METADATA));
    publisher.send(makeFrame('video', 16_777_300, PICTURE));
    await publisher.close();
    const [connection] = server.connections;
    await until(() => connection?.socket.destroyed, 'the close');
    const commands = connection?.commands ?? [];
    expect(commands.map(([name]) => name)).toEqual([
      'connect',
      'releaseStream',
      'FCPublish',
      'createStream',
      'publish',
      'FCUnpublish',
      'deleteStream',
    ]);
    expect(amfObject(commands[0]?.[2])).toMatchObject({
      app: 'live/room',
      flashVer: 'test',
      tcUrl: `rtmp://127.0.0.1:${server.port}/live/room`,
    });
    expect(commands[4]?.slice(3)).toEqual(['s1?token=x', 'live']);
    expect(commands[6]?.[3]).toBe(7);
    const media = connection?.messages.filter(({ type }) => type === 9 || type === 18) ?? [];
    expect(media.map(({ type, timestampMs, streamId }) => [type, timestampMs, streamId])).toEqual([
      [18, 0, 7],
      [9, 16_777_300, 7],
    ]);
    expect(decodeAmf0(media[0]?.payload ?? Buffer.alloc(0))).toEqual(['@setDataFrame', 'onMetaData']);
    expect((await publisher.ended).code).toBe('closed');
  });

  it("rejects with the server's own words", async () => {
    server = await FakeRtmpServer.open((connection) =>
      connection.serve({
        level: 'error',
        code: 'NetStream.Publish.BadName',
        description: 'somebody is there already',
      }),
    );
    await expect(RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/s1`)).rejects.toMatchObject({
      code: 'refused',
      status: 'NetStream.Publish.BadName',
      message: 'somebody is there already',
    });
  });

  it('rejects when a server never answers, at any step', async () => {
    for (const silent of ['handshake', 'connect', 'createStream', 'publish']) {
      const mute = await FakeRtmpServer.open((connection) => {
        connection.serve(START);
        connection.shakes = silent !== 'handshake';
        const answer = connection.onCommand;
        connection.onCommand = (name, ...rest) => {
          if (name !== silent) answer(name, ...rest);
        };
      });
      await expect(
        RtmpPublisher.open(`rtmp://127.0.0.1:${mute.port}/live/s1`, { connectMs: 100 }),
      ).rejects.toMatchObject({ code: 'deadline' });
      await mute.close();
    }
  });

  it('rejects when the connection ends between two steps', async () => {
    server = await FakeRtmpServer.open((connection) => {
      connection.onCommand = (name, transaction) => {
        connection.command('_result', transaction, {}, { code: name });
        connection.socket.destroySoon();
      };
    });
    await expect(RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/s1`)).rejects.toMatchObject({
      code: 'closed-by-server',
    });
  });

  it('feels a server that reads no more, and gives up on it in the end', async () => {
    server = await FakeRtmpServer.open((connection) => connection.serve(START));
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/s1`, {
      queueBytesMax: 10_000,
      stuckMs: 100,
    });
    server.connections[0]?.socket.pause();
    const big = makeFrame('video', 0, Buffer.concat([PICTURE, Buffer.alloc(500_000)]));
    await until(() => !publisher.send(big), 'backpressure');
    await expect(publisher.drained()).rejects.toMatchObject({ code: 'stuck' });
    expect(publisher.isEnded).toBe(true);
  });

  it('hears that the server has taken everything also where it was little, as often as it asked', async () => {
    server = await FakeRtmpServer.open((connection) => connection.serve(START));
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/s1`, {
      queueBytesMax: 0,
    });
    server.connections[0]?.socket.pause();
    // Less than what node tells a writer to wait for.
    const small = makeFrame('video', 0, Buffer.concat([PICTURE, Buffer.alloc(3000)]));
    while (publisher.send(small));
    const both = Promise.all([publisher.drained(), publisher.drained()]);
    server.connections[0]?.socket.resume();
    await both;
    expect(publisher.isEnded).toBe(false);
    await publisher.close();
  });

  it('paces by timestamps, over the wrap of 32 bits', async () => {
    server = await FakeRtmpServer.open((connection) => connection.serve(START));
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${server.port}/live/s1`);
    const times = [2 ** 32 - 40, 2 ** 32 - 20, 0, 20, 40, 60];
    const startMs = performance.now();
    await publisher.pace(times.map((time) => makeFrame('video', time, PICTURE)));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(95);
    await publisher.close();
    await until(
      () => server?.connections[0]?.messages.filter(({ type }) => type === 9).length === 6,
      'all frames',
    );
  });
});

describe('parseRtmpUrl', () => {
  it.each([
    ['rtmp://h/live/s', { host: 'h', port: 1935, app: 'live', stream: 's', query: '' }],
    [
      'rtmp://10.0.0.1:19350/a/b/s?x=1&y=/',
      { host: '10.0.0.1', port: 19350, app: 'a/b', stream: 's', query: 'x=1&y=/' },
    ],
    ['rtmp://[::1]:1936/live/s', { host: '::1', port: 1936, app: 'live', stream: 's', query: '' }],
  ])('reads %s', (url, expected) => {
    expect(parseRtmpUrl(url)).toEqual(expected);
  });

  it.each([
    '',
    'http://h/live/s',
    'rtmp://h/live',
    'rtmp://h:99999/live/s',
    'rtmp:///live/s',
    'rtmp://h:0/a/b',
  ])('refuses %j', (url) => expect(() => parseRtmpUrl(url)).toThrow('expected rtmp://host:port/app/stream'));

  it('writes the tcUrl with the vhost and IPv6 in brackets', () => {
    expect(tcUrl({ host: '::1', port: 1, app: 'live', stream: 's', query: '', vhost: 'v.example' })).toBe(
      'rtmp://[::1]:1/live?vhost=v.example',
    );
  });
});
