import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Random } from '@headwater/testing/random';

/** Longest that one call is kept waiting, ms. */
const SLOW_MS_MAX = 1500;

/** What a hook says that is broken, or means harm; sent as it stands. */
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0',
  'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: s2\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: ../../%00\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n',
  `HTTP/1.1 302 Found\r\nLocation: ${'l'.repeat(8000)}\r\nContent-Length: 0\r\n\r\n`,
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n0',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n0',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n0',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n0',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0',
  'HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\n0',
  'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}',
  'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":"0',
  `HTTP/1.1 200 OK\r\n\r\n${'['.repeat(70_000)}`,
  `HTTP/1.1 200 OK\r\n\r\n${'0'.repeat(10_000_000)}`,
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}\r\n\r\n0`,
  'SSH-2.0-OpenSSH_9.6\r\n',
  '\0\0\0\0',
  '',
] as const;

/** A hook that answers in all the ways in which none should, the same ones in the same order for one seed. */
export class HostileHook {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(seed: number): Promise<HostileHook> {
    let calls = 0;
    const server = createServer((req) => {
      const random = Random.forIndex(seed, calls);
      calls += 1;
      req.on('error', () => {});
      req.resume();
      req.once('end', () => answer(random, req.socket));
    });
    server.listen(0, '127.0.0.1');
    await new Promise<void>((resolve) => server.once('listening', resolve));
    server.unref();
    return new HostileHook(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function answer(random: Random, socket: Socket): void {
  const text = random.oneOf(ANSWERS);
  const how = random.below(8);
  const waitMs = random.chance(0.2) ? random.below(SLOW_MS_MAX) : 0;
  setTimeout(() => {
    // Cut somewhere, reset, dripped, or left open: a caller must not rely on an end.
    if (how === 0) socket.end(text.slice(0, random.below(text.length + 1)));
    else if (how === 1) socket.resetAndDestroy();
    else if (how === 2) drip(socket, text.slice(0, 100));
    else socket.write(text);
  }, waitMs).unref();
}

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text.charAt(at));
    at += 1;
  }, 50).unref();
}
