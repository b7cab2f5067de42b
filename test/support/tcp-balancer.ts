import type { Scope } from './scope.js';
import { openTcpDoor } from './tcp-door.js';

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
    let next = 0;
    const port = await openTcpDoor(scope, () => {
      const target = next;
      next = (next + 1) % targetPorts.length;
      taken[target] = (taken[target] ?? 0) + 1;
      return { host: '127.0.0.1', port: targetPorts[target] ?? 0 };
    });
    return new TcpBalancer(port, taken);
  }
}
