import { createServer, type Socket } from 'node:net';
import { ListenError } from '../../media-host.js';
import type { ConnectionGate } from '../connection-gate.js';
import type { Listener } from '../listener.js';
import { RtmpSession, type RtmpSessionParts } from './rtmp-session.js';

export interface RtmpListenerParts extends RtmpSessionParts {
  readonly gate: ConnectionGate;
}

/** Takes RTMP clients. Each has a session of its own, which nothing can leave but through the desks. */
export function createRtmpListener(parts: RtmpListenerParts): Listener {
  const { options, gate, log, fence } = parts;
  const { host, port } = options.rtmp;
  const sessions = new Set<RtmpSession>();
  const server = createServer({ noDelay: true }, (socket) => {
    const whose = { remote: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`, protocol: 'rtmp' };
    fence.run(
      whose,
      () => accept(socket),
      () => socket.destroy(),
    );
  });

  function accept(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const leave = gate.enter(address);
    if (typeof leave === 'string') {
      log.warn({ client: address, protocol: 'rtmp', reason: leave }, 'connection refused');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const session: RtmpSession = new RtmpSession(socket, parts, () => {
      sessions.delete(session);
      leave();
    });
    sessions.add(session);
  }

  return {
    start: () =>
      new Promise<number>((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException) =>
          reject(new ListenError('rtmp', host, port, error.code ?? error.message));
        server.once('error', fail);
        server.listen({ host, port }, () => {
          server.off('error', fail);
          server.on('error', (error) =>
            log.error({ protocol: 'rtmp', text: error.message }, 'listener failed'),
          );
          const bound = server.address();
          resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
        });
      }),
    stop: () =>
      new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
        for (const session of sessions) session.destroy('stopping');
      }),
  };
}
