import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Random } from '@headwater/testing/random';
import type { Scope } from './scope.js';

/**
 * A port through which a member is reached late: each piece that goes through is kept back by `delayMs` and up to `jitterMs`
 * more, in order, both ways.
 */
export class SlowPath {
  readonly port: number;
  #target: number;

  private constructor(port: number) {
    this.port = port;
    this.#target = port;
  }

  static async start(
    scope: Scope,
    weather: { readonly delayMs: number; readonly jitterMs: number; readonly seed: number },
  ): Promise<SlowPath> {
    const open = new Set<Socket>();
    const noise = new Random(weather.seed).bytes(4_096);
    let drawn = 0;
    const lateMs = (): number => {
      drawn += 1;
      return weather.delayMs + ((noise[drawn % noise.length] ?? 0) / 256) * weather.jitterMs;
    };
    let path: SlowPath | undefined;
    const server = createServer((inbound) => {
      const outbound = connect({ host: '127.0.0.1', port: path?.target ?? 0, noDelay: true });
      inbound.setNoDelay(true);
      for (const [from, to] of [
        [inbound, outbound],
        [outbound, inbound],
      ] as const) {
        open.add(from);
        let dueAt = 0;
        const later = (act: () => void): void => {
          dueAt = Math.max(dueAt, performance.now() + lateMs());
          setTimeout(act, dueAt - performance.now());
        };
        from.on('data', (piece) => later(() => to.write(piece)));
        from.on('end', () => later(() => to.end()));
        from.on('error', () => to.destroy());
        from.on('close', () => {
          open.delete(from);
          later(() => to.destroy());
        });
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
    path = new SlowPath((server.address() as AddressInfo).port);
    return path;
  }

  get target(): number {
    return this.#target;
  }

  /** The member's own port, once it is known. */
  leadTo(port: number): void {
    this.#target = port;
  }
}
