import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PIECE_BYTES_MAX, PIECE_BYTES_MIN, PlayerQueue, type QueueItem } from '../stream/player-queue.js';
import { SocketWriter } from './socket-writer.js';

let folder: string;
let closers: (() => void)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-writer-'));
  closers = [];
});
afterEach(() => {
  for (const close of closers) close();
  rmSync(folder, { recursive: true, force: true });
});

/** Two ends of a connection. A local socket holds some 200 KB, where TCP on loopback swallows megabytes. */
async function connection(): Promise<{ server: Socket; client: Socket }> {
  const path = join(folder, 's');
  let server: Socket | undefined;
  const listener = createServer((socket) => {
    server = socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  const client = connect(path).on('error', () => {});
  client.pause();
  const accepted = await until(() => server, 'the connection');
  closers.push(() => {
    client.destroy();
    accepted.destroy();
    listener.close();
  });
  return { server: accepted, client };
}

/** Reads so many bytes and no more. */
async function read(client: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let left = bytes;
  await until(() => {
    while (left > 0) {
      const part = client.read(Math.min(left, client.readableLength)) as Buffer | null;
      if (part === null || part.length === 0) break;
      parts.push(part);
      left -= part.length;
    }
    return left === 0;
  }, `${bytes} bytes`);
  return Buffer.concat(parts);
}

const item = (bytes: Buffer): QueueItem => ({ bytes, frames: 1, atMs: 0, headers: null });
const filled = (bytes: number, value: number) => Buffer.alloc(bytes, value);

describe('SocketWriter', () => {
  it('hands over everything in order, however slowly it is read', async () => {
    const { server, client } = await connection();
    const writer = new SocketWriter(server);
    const queue = new PlayerQueue();
    writer.carry(queue);
    const sent = Array.from({ length: 40 }, (_, at) => filled((at % 7) * 30_000 + 1, at));
    for (const bytes of sent) {
      queue.add(item(bytes));
      queue.send();
    }
    const whole = Buffer.concat(sent);
    expect(queue.queuedBytes).toBeGreaterThan(whole.length / 2);
    expect((await read(client, whole.length)).equals(whole)).toBe(true);
    await until(() => queue.queuedBytes === 0, 'the last piece');
    expect([queue.sentBytes, writer.sentBytes]).toEqual([whole.length, whole.length]);
  });

  it('makes one write of what fits, at once', async () => {
    const { server, client } = await connection();
    const queue = new PlayerQueue();
    new SocketWriter(server).carry(queue);
    let writes = 0;
    const { write } = server;
    server.write = ((...args: Parameters<typeof write>) => {
      writes += 1;
      return write.apply(server, args);
    }) as typeof write;
    for (let i = 0; i < 20; i += 1) {
      queue.add(item(filled(5000, i)));
      queue.send();
      expect([writes, queue.queuedBytes]).toEqual([i + 1, 0]);
      await read(client, 5000);
    }
  });

  it('asks TLS nothing more to hear what it took: each write is told a moment later', async () => {
    const writes: number[] = [];
    const encrypted = new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        writes.push(bytes.length);
        setImmediate(done);
      },
      writev: (chunks, done) => {
        writes.push(...chunks.map(({ chunk }) => chunk.length));
        setImmediate(done);
      },
    });
    const writer = new SocketWriter(Object.assign(encrypted, { encrypted: true }));
    const queue = new PlayerQueue();
    writer.carry(queue);
    const same = filled(1000, 1);
    expect(writer.carryAtOnce(queue, same)).toBe(true);
    for (let i = 0; i < 3; i += 1) queue.push(item(same));
    await until(() => writer.sentBytes === 4000, 'all of it');
    expect(writes).toEqual([1000, 1000, 1000, 1000]);
    expect(writer.carryAtOnce(queue, same)).toBe(true);
    await until(() => writer.sentBytes === 5000, 'one more');
    expect(queue.isEmpty).toBe(true);
  });

  it('counts a piece as taken only once it is, whatever went out right before it', async () => {
    const { server, client } = await connection();
    const queue = new PlayerQueue();
    // Each piece takes a second.
    let nowMs = 0;
    const clock = () => {
      nowMs += 1000;
      return nowMs;
    };
    new SocketWriter(server, () => {}, clock).carry(queue);
    for (let i = 0; i < 3; i += 1) {
      queue.add(item(filled(1000, 1)));
      queue.send();
    }
    queue.add(item(filled(1_000_000, 2)));
    queue.send();
    const pieces: number[] = [];
    const { write } = server;
    server.write = ((...args: Parameters<typeof write>) => {
      pieces.push((args[0] as Buffer).length);
      return write.apply(server, args);
    }) as typeof write;
    for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(server.writableLength).toBeGreaterThan(0);
    expect(queue.queuedBytes).toBeGreaterThan(700_000);
    await read(client, 1_003_000);
    await until(() => queue.queuedBytes === 0, 'the end');
    // Once there was no room, in small pieces.
    expect(Math.max(...pieces)).toBe(PIECE_BYTES_MIN);
    expect(pieces.length).toBeGreaterThan(10);
  });

  it('gives larger pieces again to a reader that takes them soon', async () => {
    const { server, client } = await connection();
    const queue = new PlayerQueue();
    new SocketWriter(
      server,
      () => {},
      () => 0,
    ).carry(queue);
    const pieces: number[] = [];
    const { write } = server;
    server.write = ((...args: Parameters<typeof write>) => {
      pieces.push((args[0] as Buffer).length);
      return write.apply(server, args);
    }) as typeof write;
    queue.add(item(filled(3_000_000, 1)));
    queue.send();
    expect((await read(client, 3_000_000)).every((byte) => byte === 1)).toBe(true);
    await until(() => queue.queuedBytes === 0, 'the end');
    const full = pieces.filter((bytes) => bytes > 0);
    // The first one is too much, the next few are small, and then they grow again.
    expect([full[0], full[1]]).toEqual([PIECE_BYTES_MAX, PIECE_BYTES_MIN * 2]);
    expect(Math.max(...full.slice(1))).toBe(PIECE_BYTES_MAX);
    expect(full.slice(0, -1).every((bytes) => bytes % PIECE_BYTES_MIN === 0)).toBe(true);
  });

  it('shows progress of a reader that is far behind, piece by piece', async () => {
    const { server, client } = await connection();
    const queue = new PlayerQueue();
    new SocketWriter(server).carry(queue);
    queue.add(item(filled(7_500_000, 1)));
    queue.send();
    const seen = new Set<number>();
    for (let left = 7_500_000; left > 0; left -= 125_000) {
      await read(client, 125_000);
      seen.add(queue.sentBytes);
    }
    await until(() => queue.queuedBytes === 0, 'the end');
    expect(seen.size).toBeGreaterThan(20);
  });

  it('says its own messages between two items, before those that wait', async () => {
    const { server, client } = await connection();
    const writer = new SocketWriter(server);
    const queue = new PlayerQueue();
    writer.carry(queue);
    const items = [filled(1_000_000, 1), filled(1_000_000, 2)];
    for (const bytes of items) queue.add(item(bytes));
    queue.send();
    expect(queue.isMidItem).toBe(true);
    const answers = [filled(10, 8), filled(20, 9)];
    for (const answer of answers) writer.send(answer);
    expect(writer.hasMessages).toBe(true);
    const got = await read(client, 2_000_030);
    expect(got.equals(Buffer.concat([filled(1_000_000, 1), ...answers, filled(1_000_000, 2)]))).toBe(true);
    await until(() => queue.queuedBytes === 0 && !writer.hasMessages, 'the end');
  });

  it('carries several queues, each item of each in one piece', async () => {
    const { server, client } = await connection();
    const writer = new SocketWriter(server);
    const queues = [new PlayerQueue(), new PlayerQueue()];
    for (const queue of queues) writer.carry(queue);
    const itemBytes = 300_000;
    for (let i = 0; i < 5; i += 1) {
      for (const [at, queue] of queues.entries()) {
        queue.add(item(filled(itemBytes, at + 1)));
        queue.send();
      }
    }
    const values: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      const got = await read(client, itemBytes);
      expect(new Set(got).size).toBe(1);
      values.push(got[0] ?? 0);
    }
    expect(values).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
  });

  it('finishes once all is through, and a queue that is dropped finishes its item', async () => {
    const { server, client } = await connection();
    const writer = new SocketWriter(server);
    const queue = new PlayerQueue();
    writer.carry(queue);
    for (const value of [1, 2, 3]) queue.add(item(filled(1_000_000, value)));
    queue.send();
    queue.clear();
    let isDrained = false;
    writer.finish(
      () => {
        isDrained = true;
        server.end();
      },
      () => {},
    );
    queue.add(item(filled(10, 4)));
    queue.send();
    expect(isDrained).toBe(false);
    expect((await read(client, 1_000_000)).equals(filled(1_000_000, 1))).toBe(true);
    await until(() => isDrained, 'the end');
    client.resume();
    await until(() => client.readableEnded, 'the close');
    expect(client.bytesRead).toBe(1_000_000);
  });

  it('gives up finishing where nothing is taken', async () => {
    const { server } = await connection();
    const writer = new SocketWriter(server);
    const queue = new PlayerQueue();
    writer.carry(queue);
    queue.add(item(filled(PIECE_BYTES_MAX * 8, 1)));
    queue.send();
    const said: string[] = [];
    writer.finish(
      () => said.push('drained'),
      () => said.push('stuck'),
    );
    await until(() => said.length > 0, 'the end');
    expect(said).toEqual(['stuck']);
  });
});
