import { createServer } from 'node:net';
import type { DemoConfig } from './demo-config.js';

/** A port of the demo that somebody else listens on. */
export interface TakenPort {
  readonly origin: string;
  /** The config key of it, `rtmp.port`. */
  readonly key: string;
  readonly port: number;
}

/** The first port of these configs that can't be listened on; null where all are free. */
export async function findTakenPort(configs: readonly DemoConfig[]): Promise<TakenPort | null> {
  for (const { name, ports } of configs) {
    for (const [kind, port] of Object.entries(ports)) {
      if (!(await canListen(port))) return { origin: name, key: `${kind}.port`, port };
    }
  }
  return null;
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
