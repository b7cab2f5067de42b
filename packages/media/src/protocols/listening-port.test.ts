import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MemoryLog } from '@headwater/testing/memory-log';
import { expect, it } from 'vitest';
import { ListeningPort } from './listening-port.js';

it('is tried again as often as one likes while another process has it, and opens when that one is gone', async () => {
  const server = createServer();
  const port = new ListeningPort(server, 'rtmp', new MemoryLog());
  const at = { host: '127.0.0.1', port: await port.open({ host: '127.0.0.1', port: 0 }) };
  port.pause();
  const another = createServer().listen(at);
  await once(another, 'listening');
  for (let tries = 0; tries < 3; tries += 1)
    await expect(port.resume()).rejects.toMatchObject({ systemCode: 'EADDRINUSE' });
  expect(server.listenerCount('listening')).toBe(0);
  another.close();
  await once(another, 'close');
  await port.resume();
  expect((server.address() as AddressInfo).port).toBe(at.port);
  port.close();
});
