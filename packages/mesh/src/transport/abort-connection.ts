import type { Connection } from '@libp2p/interface';

/**
 * Closes a connection at once. libp2p's own `abort` says goodbye through the muxer first, which throws where the
 * encrypted stream is closed already, and then leaves the socket open; a second call goes past the muxer.
 */
export function abortConnection(connection: Connection, reason: string): void {
  const error = new Error(reason);
  try {
    connection.abort(error);
  } catch {
    try {
      connection.abort(error);
    } catch {
      // Nothing is left to close.
    }
  }
}
