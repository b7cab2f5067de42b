import type { Duplex } from 'node:stream';

/** How long a socket stays whose peer has said that it sends nothing more: nobody who plays does so and reads on. */
const HALF_CLOSED_MS = 3000;

/** Cuts the connection where the peer half-closes and does not go. `onHalfClosed`: nothing more need be sent. */
export function cutHalfClosed(socket: Duplex, onHalfClosed: () => void): void {
  socket.once('end', () => {
    onHalfClosed();
    if (socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), HALF_CLOSED_MS);
    socket.once('close', () => clearTimeout(timer));
  });
}
