import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Fence } from '../fence.js';
import type { QueueItem } from '../stream/player-queue.js';
import { flvHeader } from '../wire/flv/flv-header.js';
import { wsMessage } from '../wire/flv/ws-frame.js';
import { type FlvTarget, readFlvTarget } from './http/flv-target.js';
import { HttpFlvPlay } from './http/http-flv-play.js';
import { WsFlvPlay } from './ws/ws-flv-play.js';

const CLIENT = { remote: '10.0.0.1:1', agent: '', isSecure: false };
const VIDEO_ONLY = { audio: false, video: true };
const MEDIA = Buffer.alloc(9_000_000, 7);

let server: Server;
const item = (bytes: Buffer): QueueItem => ({ bytes, frames: 1, atMs: 0, headers: null });

function target(url = ''): FlvTarget {
  const read = readFlvTarget(url, 'x', []);
  if ('problem' in read) throw new Error(read.problem);
  return read;
}

async function listen(made: Server): Promise<number> {
  server = made;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('when the tracks of a stream change', () => {
  it('an HTTP response ends cleanly after what waits', async () => {
    const port = await listen(
      createServer((req, res) => {
        const play = new HttpFlvPlay(res, target(req.url), CLIENT, new Fence(new MemoryLog()));
        play.begin(VIDEO_ONLY);
        play.queue.add(item(MEDIA));
        play.queue.send();
        play.end('tracks-changed');
        play.queue.add(item(Buffer.from('too late')));
        play.queue.send();
      }),
    );
    const response = await new Promise<IncomingMessage>((resolve) =>
      get({ port, host: '127.0.0.1', path: '/live/s.flv' }, resolve),
    );
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    expect([response.statusCode, response.complete]).toEqual([200, true]);
    expect(Buffer.concat(parts).equals(Buffer.concat([flvHeader(VIDEO_ONLY), MEDIA]))).toBe(true);
  });

  it('a WebSocket is closed with a code and words after what waits', async () => {
    const players = new WebSocketServer({ noServer: true });
    const made = createServer();
    made.on('upgrade', (req, socket, head) => {
      players.handleUpgrade(req, socket, head, (webSocket) => {
        const play = new WsFlvPlay(webSocket, socket, target(req.url), CLIENT, new Fence(new MemoryLog()));
        play.begin(VIDEO_ONLY);
        play.queue.add(item(wsMessage(MEDIA)));
        play.queue.send();
        play.end('tracks-changed');
      });
    });
    const port = await listen(made);
    const client = new WebSocket(`ws://127.0.0.1:${port}/live/s.flv`);
    const messages: Buffer[] = [];
    client.on('message', (bytes: Buffer) => messages.push(bytes));
    let closed: { code: number; reason: string } | undefined;
    client.once('close', (code, reason) => {
      closed = { code, reason: reason.toString() };
    });
    expect(await until(() => closed, 'the close')).toEqual({
      code: 1012,
      reason: 'the tracks of the stream have changed; play it again',
    });
    expect(messages.map(({ length }) => length)).toEqual([flvHeader(VIDEO_ONLY).length, MEDIA.length]);
    expect(messages[1]?.equals(MEDIA)).toBe(true);
  });
});
