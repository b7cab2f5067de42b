import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { clientIp } from '../../arrival/client-address.js';
import { Front, type FrontParts } from '../../arrival/front.js';
import type { ListenAt } from '../../media-listeners.js';
import { listen } from '../listen.js';
import type { Listener } from '../listener.js';
import type { FlvParts } from './flv-parts.js';
import { FlvRequests } from './flv-requests.js';
import { answerRaw } from './http-answer.js';

export type FlvListenerParts = FlvParts &
  Pick<FrontParts, 'gate' | 'proxies' | 'certificates'> & { readonly at: ListenAt };

/** Largest request head, bytes; node answers 431 over it. */
const HEAD_BYTES_MAX = 16_384;
/** How often node looks for heads that take too long. */
const DEADLINE_CHECK_MS = 1000;
const KEEP_ALIVE_PROBE_MS = 30_000;
/** Between requests on one connection. */
const IDLE_MS = 5000;
/** How long last words may take at a stop. */
const STOP_MS = 200;

/** Serves HTTP-FLV and WebSocket-FLV. Nothing that a client sends leaves its own request. */
export function createFlvListener(parts: FlvListenerParts): Listener {
  const { options, log, certificates, at } = parts;
  const requests = new FlvRequests(parts);
  const server = createServer({
    maxHeaderSize: HEAD_BYTES_MAX,
    headersTimeout: options.limits.handshakeMs,
    // A publisher's request lasts as long as its stream.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(DEADLINE_CHECK_MS, options.limits.handshakeMs),
    keepAliveTimeout: IDLE_MS,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
  });

  // Node's own listener reads HTTP from a connection at once; here something else may come before.
  const readHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  const front = new Front({
    ...parts,
    protocol: 'http',
    mayPull: false,
    handshakeMs: () => options.limits.handshakeMs,
    arrived(arrival) {
      // It may have changed; node looks at it whenever it looks for late heads.
      server.headersTimeout = options.limits.handshakeMs;
      requests.arrived(arrival);
      for (const read of readHttp) read.call(server, arrival.socket);
    },
    refused: (socket, reason) =>
      answerRaw(socket, 503, `too many connections (${reason}); try another member`),
  });
  server.on('connection', (socket: Socket) => front.take(socket));

  server.on('request', (req, res) => requests.take(req, res));
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    requests.takeUpgrade(req, socket, head),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const address = requests.clientAt(socket)?.ip ?? clientIp(socket as Socket);
    if (error.code !== 'ECONNRESET') {
      log.info(
        { client: address, protocol: 'http', reason: error.code ?? error.message },
        'http request refused',
      );
    }
    if (error.code === 'ECONNRESET') socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      answerRaw(socket, 431, `a request head has at most ${HEAD_BYTES_MAX} bytes`);
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') answerRaw(socket, 408, 'the request took too long');
    else answerRaw(socket, 400, 'that was no HTTP request');
  });

  return {
    async start() {
      if (options.ports !== 'handed')
        return listen(server, certificates === null ? 'http' : 'https', at, log);
      // Node's server begins to look for heads that take too long when it listens.
      server.emit('listening');
      return at.port ?? 0;
    },
    take(socket) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
      server.emit('connection', socket);
    },
    async stop() {
      const closed = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
      });
      front.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of [...requests.sockets]) socket.destroy();
      }, STOP_MS);
      await closed;
      clearTimeout(timer);
      for (const socket of [...requests.sockets]) socket.destroy();
      await requests.closed();
    },
  };
}
