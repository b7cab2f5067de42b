import { createServer } from 'node:net';
import { type Arrival, Front, type FrontParts } from '../../arrival/front.js';
import type { ListenAt } from '../../media-listeners.js';
import type { PausableListener } from '../listener.js';
import { ListeningPort } from '../listening-port.js';
import { RtmpSession, type RtmpSessionParts } from './rtmp-session.js';

export type RtmpListenerParts = RtmpSessionParts &
  Pick<FrontParts, 'gate' | 'proxies' | 'certificates'> & { readonly at: ListenAt };

/** Takes RTMP clients. Each has a session of its own, which nothing can leave but through the desks. */
export function createRtmpListener(parts: RtmpListenerParts): PausableListener {
  const { options, log, certificates, at } = parts;
  const sessions = new Set<RtmpSession>();
  let stopped: Promise<void> | null = null;
  let onLastClosed = (): void => {};
  const front = new Front({
    ...parts,
    protocol: 'rtmp',
    mayPull: true,
    handshakeMs: () => options.limits.handshakeMs,
    arrived: begin,
    refused: (socket) => socket.destroy(),
  });
  const server = createServer({ noDelay: true }, (socket) => front.take(socket));
  const port = new ListeningPort(server, certificates === null ? 'rtmp' : 'rtmps', log);

  function begin(arrival: Arrival): void {
    const session: RtmpSession = new RtmpSession(arrival, parts, () => {
      sessions.delete(session);
      arrival.place.leave();
      if (sessions.size === 0) onLastClosed();
    });
    sessions.add(session);
    if (stopped !== null) session.destroy('stopping');
  }

  async function closeAll(): Promise<void> {
    const portClosed = new Promise<void>((resolve) => port.close(resolve));
    // A port is closed before its sockets have told that they are, and one that does not listen waits for none of them.
    const lastClosed = new Promise<void>((resolve) => {
      onLastClosed = resolve;
    });
    front.close();
    for (const session of sessions) session.destroy('stopping');
    if (sessions.size > 0) await lastClosed;
    await portClosed;
  }

  return {
    start: async () => (options.ports === 'handed' ? (at.port ?? 0) : port.open(at)),
    pause: () => port.pause(),
    resume: () => port.resume(),
    take(socket) {
      socket.setNoDelay(true);
      server.emit('connection', socket);
    },
    stop: () => {
      stopped ??= closeAll();
      return stopped;
    },
  };
}
