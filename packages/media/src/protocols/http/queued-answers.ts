import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Answers whose turn has not come: a client may send requests before those before them are answered. Node gives such an answer
 * no socket yet, and where the connection ends meanwhile no `close` either, so that whatever waits for that would wait for ever.
 */
export class QueuedAnswers {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();

  /** For each request, as it comes: its answer's `close` comes whenever the connection ends. */
  watch({ socket }: IncomingMessage, res: ServerResponse): void {
    if (res.socket !== null) return;
    const queued = this.#bySocket.get(socket) ?? this.#queuedAt(socket);
    queued.add(res);
    res.once('close', () => queued.delete(res));
  }

  #queuedAt(socket: Socket): Set<ServerResponse> {
    const queued = new Set<ServerResponse>();
    this.#bySocket.set(socket, queued);
    socket.once('close', () => {
      for (const res of [...queued]) {
        // Of the one whose turn it is Node tells.
        if (res.socket !== null) continue;
        res.destroy();
        res.emit('close');
      }
    });
    return queued;
  }
}
