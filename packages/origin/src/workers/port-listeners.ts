import { createServer, type Server, type Socket } from 'node:net';
import { type ListenerName, listen, type MediaLog } from '@headwater/media';

export interface PortListenersOptions {
  readonly rtmp: { readonly host: string; readonly port: number };
  readonly http: { readonly host: string; readonly port: number };
  readonly log: MediaLog;
  onConnection(listener: ListenerName, socket: Socket): void;
}

/** The member's ports: main accepts, reads nothing, and hands on. They stay open whatever becomes of workers. */
export class PortListeners {
  readonly #options: PortListenersOptions;
  readonly #servers: Server[] = [];
  ports: { readonly rtmp: number; readonly http: number };

  constructor(options: PortListenersOptions) {
    this.#options = options;
    this.ports = { rtmp: options.rtmp.port, http: options.http.port };
  }

  /** Rejects with `ListenError`; then none is open. */
  async open(): Promise<void> {
    try {
      const rtmp = await this.#open('rtmp');
      this.ports = { rtmp, http: await this.#open('http') };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const server of this.#servers.splice(0)) if (server.listening) server.close();
  }

  #open(listener: ListenerName): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      this.#options.onConnection(listener, socket);
    });
    this.#servers.push(server);
    return listen(server, listener, this.#options[listener], this.#options.log);
  }
}
