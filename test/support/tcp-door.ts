import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';

/** Where a door leads. */
export interface DoorTarget {
  readonly host: string;
  readonly port: number;
  /** Whether that one is no more: connections with it are closed, though it did not say so itself. */
  readonly isGone?: () => boolean;
}

/** A door looks so often whether its targets are gone. */
const LOOK_MS = 250;

/**
 * A port of loopback behind which another one is, as a plain TCP balancer makes it. `targetOf`: asked for each
 * connection; undefined: it is closed.
 */
export async function openTcpDoor(scope: Scope, targetOf: () => DoorTarget | undefined): Promise<number> {
  const open = new Map<Socket, DoorTarget>();
  const server = createServer((client) => {
    const target = targetOf();
    if (target === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: target.host, port: target.port, noDelay: true });
    client.setNoDelay(true);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.set(socket, target);
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
  const timer = setInterval(() => {
    for (const [socket, { isGone }] of open) if (isGone?.()) socket.destroy();
  }, LOOK_MS);
  scope.defer(async () => {
    clearInterval(timer);
    for (const socket of open.keys()) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
