import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HookCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A hook as somebody may have written one: answers each call as the test says, and remembers it. */
export class HookServer {
  readonly calls: HookCall[] = [];
  readonly #server = createServer();
  #sockets = 0;
  /** What to answer; by default SRS's yes. */
  answer: (call: HookCall, res: ServerResponse) => void = (_call, res) => res.end('0');

  static async start(): Promise<HookServer> {
    const hook = new HookServer();
    hook.#server.on('connection', () => {
      hook.#sockets += 1;
    });
    hook.#server.on('request', (req, res) => {
      const parts: Buffer[] = [];
      req.on('data', (part: Buffer) => parts.push(part));
      req.on('end', () => {
        const call = { path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts).toString() };
        hook.calls.push(call);
        hook.answer(call, res);
      });
    });
    hook.#server.listen(0, '127.0.0.1');
    await once(hook.#server, 'listening');
    return hook;
  }

  /** Connections since the start. */
  get sockets(): number {
    return this.#sockets;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** The JSON bodies of the calls to one path. */
  of(path: string): readonly Readonly<Record<string, unknown>>[] {
    return this.calls.filter((call) => call.path === path).map(({ body }) => JSON.parse(body));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
