import type { WebSocket } from 'ws';

/** RFC 6455, 5.5: a control frame has 125 bytes, two of them are the code. */
const REASON_BYTES_MAX = 123;
/** How long a client may take to close from its side. */
const CLOSE_MS = 1000;

/** Closes with a code and a sentence, and cuts the connection where the client does not answer. */
export function closeWebSocket(socket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.from(reason).subarray(0, REASON_BYTES_MAX);
  // Cutting may leave part of a character; decoding and encoding again would make it longer, so it is dropped.
  socket.close(code, new TextDecoder().decode(bytes).replace(/\ufffd+$/, ''));
  const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
  socket.once('close', () => clearTimeout(timer));
}
