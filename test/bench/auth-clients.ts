import { once } from 'node:events';
import { connect } from 'node:net';
import type { Scope } from '../support/scope.js';

/** A connection on which a play is asked for later. */
export interface WaitingClient {
  /** Resolves with the time to the first media, ms. */
  play(stream: string, query: string): Promise<number>;
  leave(): void;
}

export async function openWaiting(scope: Scope, port: number): Promise<WaitingClient> {
  const socket = connect(port, '127.0.0.1');
  scope.defer(() => socket.destroy());
  await once(socket, 'connect');
  return {
    leave: () => socket.destroy(),
    async play(stream, query) {
      const startMs = performance.now();
      socket.write(`GET /${stream}.flv?${query} HTTP/1.1\r\nHost: h\r\n\r\n`);
      let bytes = 0;
      let head = '';
      await new Promise<void>((resolve, reject) => {
        socket.on('data', (part: Buffer) => {
          if (head === '') head = part.subarray(0, 15).toString('latin1');
          if (!head.startsWith('HTTP/1.1 200')) reject(new Error(`the play was answered ${head}`));
          bytes += part.length;
          if (bytes > MEDIA_BYTES_MIN) resolve();
        });
        socket.once('close', () => reject(new Error('the connection was closed')));
      });
      return performance.now() - startMs;
    },
  };
}

/** More than a head and the FLV header: media. */
const MEDIA_BYTES_MIN = 1000;
