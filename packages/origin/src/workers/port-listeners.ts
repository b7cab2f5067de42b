import { createServer, type Socket } from 'node:net';
import {
  type ListenAt,
  ListeningPort,
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
  readonly #open = new Map<MediaListenerName, ListeningPort>();
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
        rtmp: await this.#listen('rtmp'),
        rtmps: await this.#listen('rtmps'),
        http: await this.#listen('http'),
        https: await this.#listen('https'),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const port of this.#open.values()) port.close();
    this.#open.clear();
  }

  /** Nobody new comes by RTMP and RTMPS; who is there stays. */
  pauseRtmp(): void {
    for (const port of this.#rtmp()) port.pause();
  }

  /** Takes them again, at the same ports. Rejects with `ListenError`, and may then be tried again. */
  async resumeRtmp(): Promise<void> {
    for (const port of this.#rtmp()) await port.resume();
  }

  #rtmp(): readonly ListeningPort[] {
    return (['rtmp', 'rtmps'] as const).flatMap((name) => this.#open.get(name) ?? []);
  }

  #listen(listener: MediaListenerName): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      // Else Node asks the processes that connections were handed to whether those have ended, at each pause anew, and main and
      // they keep each question until none is left.
      Object.assign(socket, { server: null });
      this.#options.onConnection(listener, socket);
    });
    const port = new ListeningPort(server, listener, this.#options.log);
    this.#open.set(listener, port);
    return port.open(this.#options.at[listener]);
  }
}
