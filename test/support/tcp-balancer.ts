import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';

/** A plain TCP load balancer: the next connection to the next target, whatever it is about. */
export class TcpBalancer {
  readonly port: number;
  /** How many connections each target was given, in the order of the targets. */
  readonly taken: readonly number[];

  private constructor(port: number, taken: readonly number[]) {
    this.port = port;
    this.taken = taken;
  }

  static async start(scope: Scope, targetPorts: readonly number[]): Promise<TcpBalancer> {
    const taken = targetPorts.map(() => 0);
    const open = new Set<Socket>();
    let next = 0;
    const server = createServer((client) => {
      const target = next;
      next = (next + 1) % targetPorts.length;
      taken[target] = (taken[target] ?? 0) + 1;
      const upstream = connect({ host: '127.0.0.1', port: targetPorts[target] ?? 0, noDelay: true });
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
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    scope.defer(async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return new TcpBalancer((server.address() as AddressInfo).port, taken);
  }
}
