import { createServer, type Server, type Socket } from 'node:net';
import {
  type ListenAt,
  listen,
  type MediaListenerName,
  type MediaLog,
  type MediaPorts,
} from '@headwater/media';

export interface PortListenersOptions {
  /** Those that there are; TLS is done by who gets the connection. */
  readonly at: Readonly<Record<MediaListenerName, ListenAt>>;
  readonly log: MediaLog;
  onConnection(listener: MediaListenerName, socket: Socket): void;
}

/** The member's ports: main accepts, reads nothing, and hands on. They stay open whatever becomes of workers. */
export class PortListeners {
  readonly #options: PortListenersOptions;
  readonly #servers: Server[] = [];
  ports: MediaPorts;

  constructor(options: PortListenersOptions) {
    this.#options = options;
    const { rtmp, rtmps, http, https } = options.at;
    this.ports = {
      rtmp: rtmp.port ?? 0,
      rtmps: rtmps.port ?? 0,
      http: http.port ?? 0,
      https: https.port ?? 0,
    };
  }

  /** Rejects with `ListenError`; then none is open. */
  async open(): Promise<void> {
    try {
      this.ports = {
        rtmp: await this.#open('rtmp'),
        rtmps: await this.#open('rtmps'),
        http: await this.#open('http'),
        https: await this.#open('https'),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const server of this.#servers.splice(0)) if (server.listening) server.close();
  }

  #open(listener: MediaListenerName): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      this.#options.onConnection(listener, socket);
    });
    this.#servers.push(server);
    return listen(server, listener, this.#options.at[listener], this.#options.log);
  }
}
