import type { Socket } from 'node:net';

/** A listening socket of one protocol. */
export interface Listener {
  /**
   * Opens it, unless its connections are handed over, and tells the port really bound. Rejects with `ListenError`, and then
   * nothing is left open.
   */
  start(): Promise<number>;
  /** A connection that was accepted elsewhere. */
  take(socket: Socket): void;
  /** Closes the listener and every connection. Never rejects; may be called twice. */
  stop(): Promise<void>;
}

/** One that may take no new connections for a while. */
export interface PausableListener extends Listener {
  /** Connections that there are stay. No effect where its connections are handed over. */
  pause(): void;
  /** Takes connections again at the same port. Rejects with `ListenError`, and may then be tried again. */
  resume(): Promise<void>;
}
