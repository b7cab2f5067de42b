import { until } from '@headwater/testing/until';
import { describe, expect, it } from 'vitest';
import { FakeRtmpServer } from '../../testing/fake-rtmp-server.js';
import type { Frame } from '../../wire/frame.js';
import { RtmpClientConnection } from './rtmp-client-connection.js';
import { RtmpClientError } from './rtmp-client-error.js';

const LIMITS = { messageBytesMax: 100_000, chunkStreamsMax: 8 };

function client() {
  const messages: Frame[] = [];
  const ends: RtmpClientError[] = [];
  const rtmp = new RtmpClientConnection(LIMITS, {
    command: () => {},
    frame: (frame) => messages.push(frame),
    closed: (error) => ends.push(error),
  });
  return { rtmp, messages, ends };
}

async function shaken(script: (connection: FakeRtmpServer['connections'][number]) => void = () => {}) {
  const server = await FakeRtmpServer.open(script);
  const { rtmp, messages, ends } = client();
  let isReady = false;
  rtmp.open({ host: '127.0.0.1', port: server.port }, () => {
    isReady = true;
  });
  await until(() => isReady, 'the handshake');
  const connection = await until(() => server.connections[0], 'the connection');
  return { server, rtmp, messages, ends, connection };
}

describe('RtmpClientConnection', () => {
  it('gives each message a payload of its own', async () => {
    const { server, rtmp, messages, connection } = await shaken();
    connection.message(9, Buffer.alloc(300, 1), 40);
    connection.message(9, Buffer.alloc(300, 2), 80);
    await until(() => messages.length === 2, 'two messages');
    expect(messages.map(({ timestampMs, payload }) => [timestampMs, payload[0], payload.length])).toEqual([
      [40, 1, 300],
      [80, 2, 300],
    ]);
    rtmp.end(new RtmpClientError('closed', 'done'));
    await server.close();
  });

  it('acknowledges every window, and answers pings', async () => {
    const { server, rtmp, messages, connection } = await shaken();
    const window = Buffer.alloc(4);
    window.writeUInt32BE(1000);
    connection.message(5, window);
    connection.message(4, Buffer.from([0, 6, 1, 2, 3, 4]));
    for (let i = 1; i <= 5; i += 1) {
      connection.message(9, Buffer.alloc(1200), i);
      await until(() => messages.length === i, `message ${i}`);
    }
    await until(() => connection.messages.filter(({ type }) => type === 3).length >= 4, 'acknowledgements');
    const acknowledged = connection.messages
      .filter(({ type }) => type === 3)
      .map(({ payload }) => payload.readUInt32BE());
    expect(acknowledged).toEqual([...acknowledged].sort((a, b) => a - b));
    expect(connection.messages.find(({ type }) => type === 4)?.payload).toEqual(
      Buffer.from([0, 7, 1, 2, 3, 4]),
    );
    rtmp.end(new RtmpClientError('closed', 'done'));
    await server.close();
  });

  it('ends the connection, and nothing else, when the server sends garbage or too much', async () => {
    for (const garbage of [
      Buffer.alloc(400, 0xff),
      // A message of 16 MB on chunk stream 4.
      Buffer.from([0x04, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0, 1]),
      // A ping without a body, an aggregate that is cut.
      Buffer.from([0x02, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 1]),
      Buffer.from([0x02, 0, 0, 0, 0, 0, 2, 22, 0, 0, 0, 0, 1, 1]),
      Buffer.from([0x02, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 0, 1]),
    ]) {
      const { server, ends, connection, rtmp } = await shaken();
      connection.socket.write(garbage);
      connection.socket.end();
      await until(() => ends.length > 0, 'the end');
      expect(['protocol', 'closed-by-server']).toContain(ends[0]?.code);
      expect(rtmp.isClosed).toBe(true);
      await server.close();
      expect(ends).toHaveLength(1);
    }
  });

  it('tells that nobody is there, or nobody who speaks RTMP', async () => {
    const gone = await FakeRtmpServer.open(() => {});
    const { port } = gone;
    await gone.close();
    const first = client();
    first.rtmp.open({ host: '127.0.0.1', port: port }, () => {});
    await until(() => first.ends.length > 0, 'the refusal');
    expect(first.ends[0]).toMatchObject({ code: 'unreachable', message: 'ECONNREFUSED' });

    const impossible = client();
    impossible.rtmp.open({ host: '127.0.0.1', port: 70_000 }, () => {});
    await until(() => impossible.ends.length > 0, 'the bad port');
    expect(impossible.ends[0]?.code).toBe('unreachable');

    const http = await FakeRtmpServer.open((connection) => {
      connection.shakes = false;
      connection.socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(2000)));
    });
    const second = client();
    second.rtmp.open({ host: '127.0.0.1', port: http.port }, () => {});
    await until(() => second.ends.length > 0, 'the end');
    expect(second.ends[0]?.code).toBe('not-rtmp');
    await http.close();
  });
});
