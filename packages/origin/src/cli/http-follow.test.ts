import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpFollow } from './http-get.js';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function serverOf(answer: RequestListener): Promise<URL> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/events`);
}

const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' };
const LIMITS = { headMs: 50, quietMs: 50 };
const LONG = { headMs: 60_000, quietMs: 60_000 };

describe('events that are followed', () => {
  it('come line by line, until they end', async () => {
    const lines: string[] = [];
    const url = await serverOf((_, res) => res.writeHead(200, EVENTS).end('id: 1\ndata: {}\n\n'));
    expect(await httpFollow(url, (line) => lines.push(line), undefined, undefined, LONG)).toEqual({
      status: 200,
      text: '',
    });
    expect(lines).toEqual(['id: 1', 'data: {}', '']);
  });

  it.each<[string, RequestListener]>([
    ['nothing', () => {}],
    ['a head and no more', (_, res) => void res.writeHead(200, EVENTS).flushHeaders()],
    ['some, then no more', (_, res) => void res.writeHead(200, EVENTS).write(': here\n\n')],
  ])('end where %s comes in time', async (_, answer) => {
    const url = await serverOf(answer);
    await expect(httpFollow(url, () => {}, undefined, undefined, LIMITS)).rejects.toThrow(/within 50 ms/);
  });

  it.each<[string, RequestListener]>([
    ['a page', (_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['a line without end', (_, res) => void res.writeHead(200, EVENTS).end('x'.repeat(2_000_000))],
  ])('are not %s', async (_, answer) => {
    const url = await serverOf(answer);
    await expect(httpFollow(url, () => {}, undefined, undefined, LONG)).rejects.toThrow(/no events/);
  });
});
