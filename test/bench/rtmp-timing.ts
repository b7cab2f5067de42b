import type { RtmpClient } from '../support/rtmp-client.js';

/** Resolves with `performance.now()` at the read that brought this status; the bench's own polling would blur it. */
export function statusAt(client: RtmpClient, code: string): Promise<number> {
  return readAt(client, code, () => client.statuses.includes(code));
}

/** Likewise for the answer to a command. */
export function resultAt(client: RtmpClient, transaction: number): Promise<number> {
  return readAt(client, `the answer to ${transaction}`, () =>
    client.commands.some(([name, id]) => name === '_result' && id === transaction),
  );
}

function readAt(client: RtmpClient, what: string, isThere: () => boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const nowMs = performance.now();
      if (!isThere()) return;
      client.socket.off('data', look);
      resolve(nowMs);
    };
    // Added after the client's own listener, so it sees what that has read.
    client.socket.on('data', look);
    client.socket.once('close', () => reject(new Error(`the server closed the connection before ${what}`)));
  });
}
