/** A listening socket of one protocol. */
export interface Listener {
  /** Opens it and tells the port really bound. Rejects with `ListenError`, and then nothing is left open. */
  start(): Promise<number>;
  /** Closes the listener and every connection. Never rejects; may be called twice. */
  stop(): Promise<void>;
}
