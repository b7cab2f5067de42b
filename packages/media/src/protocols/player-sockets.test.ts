import { connect, type Socket } from 'node:net';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import type { Frame } from '../wire/frame.js';
import { FlvParser, type FlvTag } from '../wire/nms/flv.js';

const NAME = '__defaultVhost__/live/s';
/** Less than the GOP, yet more than what a kernel takes in one go once it has room. */
const QUEUE_BYTES_MAX = 4_000_000;
const FRAME_BYTES = 200_000;
/** More than loopback's sockets hold at both ends. */
const GOP_FRAMES = 60;

let member: TestMember;
let source: RawRtmpClient;
let sent: number;
let closers: (() => void)[];

beforeEach(async () => {
  const { play } = mediaOptions('a');
  // So that nobody is ended for anything else.
  const patient = { queueMs: 600_000, stuckMs: 600_000 };
  member = await startMember('a', {
    play: { ...play, ...patient, queueBytesMax: QUEUE_BYTES_MAX, mergeMs: 0 },
  });
  source = await RawRtmpClient.connected(member.rtmpPort);
  closers = [() => source.close()];
  sent = 0;
});
afterEach(async () => {
  for (const close of closers) close();
  await member.stop();
});

/** A stream whose GOP is all that was sent. */
async function publish(frames: number): Promise<void> {
  source.publish('s');
  await source.status('NetStream.Publish.Start');
  source.message(9, VIDEO_HEADER().payload);
  for (let i = 0; i < frames; i += 1) await sendFrame();
}

async function sendFrame(): Promise<void> {
  const make: (timestampMs: number, id: number, bytes: number) => Frame = sent === 0 ? KEY : INTER;
  source.message(9, make(0, sent % 256, FRAME_BYTES).payload, sent * 40);
  sent += 1;
  const bytes = sent * FRAME_BYTES;
  await until(() => (member.media.stream(NAME)?.bytesIn ?? 0) >= bytes, 'the frame at the member');
}

/** A client that reads only what it is told to. */
class SlowClient {
  readonly socket: Socket;
  isClosed = false;
  isEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.pause();
    socket.on('error', () => {});
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    closers.push(() => socket.destroy());
  }

  static async get(): Promise<SlowClient> {
    const socket = connect({ port: member.httpPort, host: '127.0.0.1', allowHalfOpen: true });
    const client = new SlowClient(socket);
    await until(() => socket.readyState === 'open', 'the connection');
    socket.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
    return client;
  }

  async read(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = bytes;
    await until(() => {
      while (left > 0 && this.socket.readableLength > 0) {
        const part = this.socket.read(Math.min(left, this.socket.readableLength)) as Buffer | null;
        if (part === null) break;
        parts.push(part);
        left -= part.length;
      }
      if (this.socket.readableLength === 0) this.socket.read(0);
      return left === 0;
    }, `${bytes} bytes more`);
    return Buffer.concat(parts);
  }
}

/** The pictures' numbers of an HTTP-FLV response. */
function numbersOf(response: Buffer): number[] {
  const tags: FlvTag[] = [];
  const parser = new FlvParser(1_000_000, (tag) => tags.push(tag));
  parser.feed(response.subarray(response.indexOf('\r\n\r\n') + 4));
  return tags
    .filter(({ kind, payload }) => kind === 'video' && payload[1] === 1)
    .map(({ payload }) => payload[5] ?? -1);
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);
const views = () => member.media.stream(NAME)?.players ?? [];

describe('a player with a queue', () => {
  it('that joins a GOP larger than its queue may be, and reads twice as fast as the stream, loses nothing', async () => {
    await publish(GOP_FRAMES);
    const client = await SlowClient.get();
    await until(() => views().length === 1, 'the player');
    const parts: Buffer[] = [];
    const live = 30;
    for (let i = 0; i < live; i += 1) {
      await sendFrame();
      parts.push(await client.read(2 * FRAME_BYTES));
    }
    // It was far more than its limit behind for most of the time.
    const total = GOP_FRAMES + live;
    const rest = total * (FRAME_BYTES + 6 + 15) - parts.length * 2 * FRAME_BYTES;
    expect(rest).toBeGreaterThan(0);
    parts.push(await client.read(rest));
    expect(numbersOf(Buffer.concat(parts)).slice(0, total - 1)).toEqual(upTo(total - 1));
    expect(views()).toMatchObject([{ framesDropped: 0 }]);
    expect(member.media.figures().totals.framesDropped).toEqual({
      'play.queueBytesMax': 0,
      'play.queueMs': 0,
    });
  });

  it('by RTMP hears answers in the middle of it, whole between whole messages', async () => {
    await publish(GOP_FRAMES);
    const client = await RawRtmpClient.connected(member.rtmpPort);
    closers.push(() => client.close());
    client.pause();
    client.play('s');
    await until(() => views().length === 1, 'the player');
    await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
    for (let call = 10; call < 20; call += 1) client.command(0, 'getStreamLength', call, null, 's');
    client.message(4, Buffer.from('000600000001', 'hex'), 0, 0, 2);
    await sendFrame();
    client.resume();
    await client.answer('_result', 19);
    const pictures = () => client.messages.filter(({ type, payload }) => type === 9 && payload[1] === 1);
    await until(() => pictures().length === GOP_FRAMES + 1, 'all pictures');
    expect(pictures().map(({ payload }) => payload[5])).toEqual(upTo(GOP_FRAMES + 1));
    const types = client.messages.map(({ type }) => type);
    expect(types.lastIndexOf(20)).toBeLessThan(types.lastIndexOf(9));
    expect(client.messages.filter(({ type, payload }) => type === 4 && payload[1] === 7)).toHaveLength(1);
  });

  it('by WebSocket hears pongs in the middle of it, and gets every tag', async () => {
    await publish(GOP_FRAMES);
    const socket = new WebSocket(`ws://127.0.0.1:${member.httpPort}/live/s.flv`);
    closers.push(() => socket.terminate());
    const messages: Buffer[] = [];
    let pongs = 0;
    const failures: Error[] = [];
    socket.on('error', (error) => failures.push(error));
    socket.on('pong', () => {
      pongs += 1;
    });
    socket.on('message', (bytes: Buffer) => messages.push(bytes));
    await until(() => socket.readyState === WebSocket.OPEN, 'the connection');
    socket.pause();
    await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
    for (let i = 0; i < 5; i += 1) socket.ping();
    await sendFrame();
    socket.resume();
    const flv = () => Buffer.concat([Buffer.from('\r\n\r\n'), ...messages]);
    await until(
      () => messages.reduce((sum, { length }) => sum + length, 0) > (GOP_FRAMES + 1) * FRAME_BYTES,
      'all bytes',
    );
    await until(() => pongs === 5, 'the pongs');
    expect(numbersOf(flv())).toEqual(upTo(GOP_FRAMES + 1));
    expect(failures).toEqual([]);
  });
});

describe('a player that half-closes', () => {
  it('by RTMP and reads nothing is gone soon, with its queue', async () => {
    await publish(GOP_FRAMES);
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.pause();
    client.play('s');
    await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
    client.halfClose();
    await until(() => views().length === 0, 'the end of the play');
    await until(() => member.log.of('connection closed').length > 0, 'the end of the connection');
    client.close();
  });

  it('by HTTP and reads nothing is gone soon', async () => {
    await publish(GOP_FRAMES);
    const client = await SlowClient.get();
    await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
    client.socket.end();
    await until(() => views().length === 0, 'the end of the play');
  });

  it('by HTTP before there is a stream, as nc does, is not kept waiting', async () => {
    const client = await SlowClient.get();
    await until(() => member.log.of('play routed').length === 1, 'the play');
    client.socket.end();
    await until(() => member.log.of('play ended').length === 1, 'the end of the play');
  });

  it('by WebSocket and reads nothing is gone soon', async () => {
    await publish(GOP_FRAMES);
    const socket = connect({ port: member.httpPort, host: '127.0.0.1' });
    closers.push(() => socket.destroy());
    socket.pause();
    socket.on('error', () => {});
    socket.write(
      [
        'GET /live/s.flv HTTP/1.1',
        'Host: x',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString('base64')}`,
        '',
        '',
      ].join('\r\n'),
    );
    await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
    socket.end();
    await until(() => views().length === 0, 'the end of the play');
  });

  it('does not count who still sends: a quiet player stays', async () => {
    await publish(2);
    const client = await SlowClient.get();
    await until(() => views().length === 1, 'the player');
    await client.read(2 * FRAME_BYTES);
    expect([client.isEnded, views().length]).toEqual([false, 1]);
  });
});

it('a play that is ended by its client drops what waits, and the connection goes on', async () => {
  await publish(GOP_FRAMES);
  const client = await RawRtmpClient.connected(member.rtmpPort);
  closers.push(() => client.close());
  client.pause();
  client.play('s');
  await until(() => (views()[0]?.bytesOut ?? 0) > 100_000, 'its socket to be full');
  client.command(0, 'deleteStream', 5, null, 1);
  await until(() => views().length === 0, 'the end of the play');
  client.resume();
  await client.answer('_result', 5);
  client.play('s');
  const numbers = () =>
    client.messages
      .filter(({ type, payload }) => type === 9 && payload[1] === 1)
      .map(({ payload }) => payload[5] ?? -1);
  const again = () => numbers().lastIndexOf(0);
  await until(() => again() > 0 && numbers().length === again() + GOP_FRAMES, 'the GOP once more');
  expect(numbers()).toEqual([...upTo(again()), ...upTo(GOP_FRAMES)]);
  expect(again()).toBeLessThan(GOP_FRAMES);
});
