import { createServer } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { closeWebSocket } from './ws-close.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** What a client hears of a close for this reason. */
async function heard(reason: string): Promise<{ readonly code: number; readonly reason: string }> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => http.close(resolve)));
  const bound = http.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  return new Promise((resolve, reject) => {
    server.on('connection', (socket) => {
      try {
        closeWebSocket(socket, 4404, reason);
      } catch (error) {
        // A connection that stays open would keep the server from closing.
        socket.terminate();
        reject(error);
      }
    });
    client.on('error', reject);
    client.on('close', (code, bytes) => resolve({ code, reason: bytes.toString() }));
  });
}

it.each([
  ['short', 'short'],
  ['x'.repeat(123), 'x'.repeat(123)],
  ['x'.repeat(124), 'x'.repeat(123)],
  ['x'.repeat(5000), 'x'.repeat(123)],
  // Of 3 bytes each: 41 fit exactly.
  ['直'.repeat(50), '直'.repeat(41)],
  // One byte before them: the 41st would be cut.
  [`x${'直'.repeat(50)}`, `x${'直'.repeat(40)}`],
  [`${'x'.repeat(121)}😀`, 'x'.repeat(121)],
])('a reason is cut to what a close frame holds, between characters: %s', async (reason, expected) => {
  expect(await heard(reason)).toEqual({ code: 4404, reason: expected });
});
