import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { expect, it, onTestFinished } from 'vitest';
import { WorkerPool } from './worker-pool.js';

/** Clients, and main's ends of their connections. */
async function connected(count: number): Promise<readonly (readonly [Socket, Socket])[]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const pairs: (readonly [Socket, Socket])[] = [];
  while (pairs.length < count) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
    client.on('error', () => {});
    const [socket] = (await once(server, 'connection')) as [Socket];
    onTestFinished(() => void socket.destroy());
    pairs.push([client, socket]);
  }
  return pairs;
}

it('a pool that is stopped ends also those that were on their way to a worker and never came over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const nothing = (): void => {};
  const pool = new WorkerPool(
    {
      workers: 1,
      folder,
      rules: { memoryMax: 0, drainMs: 0 },
      isProxy: () => false,
      isMemberAddress: () => false,
      onRefused: nothing,
    },
    { started: nothing, asked: nothing, message: nothing, draining: nothing, ended: nothing, log: nothing },
  );
  const pairs = await connected(4);
  pool.start();
  // It is stopped before it takes any: all but the first wait for that one.
  const [worker] = pool.all;
  process.kill(worker?.process.pid ?? 0, 'SIGSTOP');
  worker?.life.ready(0);
  for (const [, socket] of pairs) pool.arrived('rtmp', socket);
  expect(worker?.process.untaken).toBe(pairs.length);
  const stopped = pool.stop();
  worker?.process.kill();
  await stopped;
  expect(pairs.map(([, socket]) => socket.destroyed)).not.toContain(false);
  await awaitCondition('all clients to hear of it', () => pairs.every(([client]) => client.closed));
});
