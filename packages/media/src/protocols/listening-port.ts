import type { Server } from 'node:net';
import type { ListenAt, MediaListenerName } from '../media-listeners.js';
import type { MediaLog } from '../media-log.js';
import { listen } from './listen.js';

/** The port of a server, which may be closed for new connections for a while. Connections that there are stay. */
export class ListeningPort {
  readonly #server: Server;
  readonly #what: MediaListenerName;
  readonly #log: MediaLog;
  /** As it is really bound; null: it was not opened. */
  #at: ListenAt | null = null;
  #isWanted = false;

  constructor(server: Server, what: MediaListenerName, log: MediaLog) {
    this.#server = server;
    this.#what = what;
    this.#log = log;
  }

  /** As `listen`. */
  async open(at: ListenAt): Promise<number> {
    const port = await listen(this.#server, this.#what, at, this.#log);
    if (at.port === null) return port;
    this.#at = { ...at, port };
    this.#isWanted = true;
    return port;
  }

  /** A connect fails at once from now on. */
  pause(): void {
    this.#isWanted = false;
    this.#shut();
  }

  /** Opens the same port again. Rejects with `ListenError` where another process has it by now; it may then be tried again. */
  async resume(): Promise<void> {
    if (this.#at === null || this.#isWanted) return;
    this.#isWanted = true;
    try {
      await listen(this.#server, this.#what, this.#at, this.#log);
    } catch (error) {
      this.#isWanted = false;
      throw error;
    }
    // It was closed again while it opened.
    if (!this.#isWanted) this.#shut();
  }

  /** For good. */
  close(onClosed: () => void = () => {}): void {
    this.#at = null;
    this.#isWanted = false;
    if (this.#server.listening) this.#server.close(onClosed);
    else onClosed();
  }

  #shut(): void {
    if (!this.#server.listening) return;
    this.#server.close();
    // `listen` adds its own each time.
    this.#server.removeAllListeners('error');
  }
}
