import type { RtmpClient } from '../support/rtmp-client.js';

/** Resolves with `performance.now()` at the read that brought this status; the bench's own polling would blur it. */
export function statusAt(client: RtmpClient, code: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const nowMs = performance.now();
      if (!client.statusCodes.includes(code)) return;
      client.socket.off('data', look);
      resolve(nowMs);
    };
    // Added after the client's own listener, so it sees what that has read.
    client.socket.on('data', look);
    client.socket.once('close', () => reject(new Error(`the server closed the connection before ${code}`)));
  });
}
