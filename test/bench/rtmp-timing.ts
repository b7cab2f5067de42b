import type { RtmpClient } from '../support/rtmp-client.js';

/**
 * Resolves with `performance.now()` at the read that brought this status, before the bench parses it: neither its parser
 * nor its polling is what is measured.
 */
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
    let readMs = 0;
    const stamp = () => {
      readMs = performance.now();
    };
    const look = () => {
      if (!isThere()) return;
      client.socket.off('data', stamp);
      client.socket.off('data', look);
      resolve(readMs);
    };
    // One before and one after the client's own listener, which parses what was read.
    client.socket.prependListener('data', stamp);
    client.socket.on('data', look);
    client.socket.once('close', () => reject(new Error(`the server closed the connection before ${what}`)));
  });
}
