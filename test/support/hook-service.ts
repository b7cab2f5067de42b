import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './scope.js';

export interface ServiceCall {
  readonly path: string;
  readonly body: string;
}

/** An HTTP service that members ask by hooks; closed with its scope. */
export class HookService {
  readonly calls: ServiceCall[] = [];
  /** By default SRS's yes. */
  answer: (call: ServiceCall, res: ServerResponse) => void = (_call, res) => res.end('0');
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(scope: Scope): Promise<HookService> {
    const server = createServer((req, res) => {
      const parts: Buffer[] = [];
      req.on('data', (part: Buffer) => parts.push(part));
      req.on('end', () => {
        const call = { path: req.url ?? '', body: Buffer.concat(parts).toString() };
        service.calls.push(call);
        service.answer(call, res);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const service = new HookService((server.address() as AddressInfo).port);
    scope.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    return service;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** The JSON bodies of the calls with this action. */
  of(action: string): readonly Readonly<Record<string, unknown>>[] {
    return this.calls.map(({ body }) => JSON.parse(body)).filter((body) => body.action === action);
  }
}
