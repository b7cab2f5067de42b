import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';

/**
 * A port of loopback behind which another one is, as `kubectl port-forward` or a plain TCP balancer makes it. `targetOf`:
 * asked for each connection; undefined: it is closed.
 */
export async function openTcpDoor(
  scope: Scope,
  targetOf: () => { readonly host: string; readonly port: number } | undefined,
): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const target = targetOf();
    if (target === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ ...target, noDelay: true });
    client.setNoDelay(true);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
