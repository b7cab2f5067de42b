import { createServer, type Socket } from 'node:net';
import { clientAddress, clientIp } from '../client-address.js';
import type { ConnectionGate } from '../connection-gate.js';
import { listen } from '../listen.js';
import type { Listener } from '../listener.js';
import { RtmpSession, type RtmpSessionParts } from './rtmp-session.js';

export interface RtmpListenerParts extends RtmpSessionParts {
  readonly gate: ConnectionGate;
}

/** Takes RTMP clients. Each has a session of its own, which nothing can leave but through the desks. */
export function createRtmpListener(parts: RtmpListenerParts): Listener {
  const { options, gate, log, fence } = parts;
  const isHanded = options.ports === 'handed';
  const sessions = new Set<RtmpSession>();
  const server = createServer({ noDelay: true }, (socket) => {
    fence.run(
      { remote: clientAddress(socket), protocol: 'rtmp' },
      () => accept(socket),
      () => socket.destroy(),
    );
  });

  function accept(socket: Socket): void {
    const ip = clientIp(socket);
    const place = gate.enter(ip, true);
    if (typeof place === 'string') {
      log.warn({ client: ip, protocol: 'rtmp', reason: place }, 'connection refused');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const session: RtmpSession = new RtmpSession(socket, place, parts, () => {
      sessions.delete(session);
      place.leave();
    });
    sessions.add(session);
  }

  return {
    start: async () => (isHanded ? options.rtmp.port : listen(server, 'rtmp', options.rtmp, log)),
    take(socket) {
      socket.setNoDelay(true);
      server.emit('connection', socket);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
        for (const session of sessions) session.destroy('stopping');
      }),
  };
}
