import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Guard } from '@headwater/guard';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { Fence, Fenced } from '../../fence.js';
import type { MediaLog, MediaOptions } from '../../media-host.js';
import { clientAddress, clientIp } from '../client-address.js';
import type { ConnectionGate } from '../connection-gate.js';
import { listen } from '../listen.js';
import type { Listener } from '../listener.js';
import { WsFlv } from '../ws/ws-flv.js';
import { flvClient } from './flv-client.js';
import { readFlvTarget, splitUrl } from './flv-target.js';
import { answerAndHangUp, answerPreflight, answerRaw, answerText, endByFault } from './http-answer.js';
import { peekOverHttp, playOverHttp, publishOverHttp } from './http-flv.js';
import { welcomeText } from './welcome.js';

export interface FlvParts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly gate: ConnectionGate;
  readonly log: MediaLog;
  readonly fence: Fence;
  readonly guard: Guard;
  readonly isMemberAddress: (ip: string) => boolean;
}

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
export function createFlvListener(parts: FlvParts): Listener {
  const { options, gate, log, fence } = parts;
  const sockets = new Set<Duplex>();
  const ws = new WsFlv(parts);
  /** Connections with a play or publish under way: a second request on one of them is not served. */
  const busy = new WeakSet<Duplex>();
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

  server.on('connection', (socket: Socket) => {
    fence.run(
      fencedOf(socket),
      () => accept(socket),
      () => socket.destroy(),
    );
  });

  function accept(socket: Socket): void {
    const ip = clientIp(socket);
    const place = gate.enter(ip, false);
    if (typeof place === 'string') {
      log.warn({ client: ip, protocol: 'http', reason: place }, 'connection refused');
      answerRaw(socket, 503, `too many connections (${place}); try another member`);
      return;
    }
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      place.leave();
    });
  }

  server.on('request', (req, res) => {
    if (busy.has(req.socket)) {
      req.socket.destroy();
      return;
    }
    res.on('error', () => {});
    req.on('error', () => {});
    fence.run(
      fencedOf(req.socket),
      () => serve(req, res),
      () => endByFault(res),
    );
  });

  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    fence.run(
      fencedOf(req.socket),
      () => upgrade(req, socket, head),
      () => socket.destroy(),
    );
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const address = clientIp(socket as Socket);
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

  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = readFlvTarget(req.url ?? '', req.headers.host, options.vhosts);
    if ('problem' in target) {
      refuse(req, target.problem);
      answerRaw(socket, target.status, target.problem);
    } else if (req.headers.upgrade?.toLowerCase() !== 'websocket' || req.method !== 'GET') {
      answerRaw(socket, 400, 'only WebSocket upgrades by GET are taken');
    } else {
      ws.upgrade({ req, socket, head, target, client: flvClient(req, 'ws-flv') });
    }
  }

  function serve(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '';
    const { method = 'GET' } = req;
    if (method === 'OPTIONS') {
      answerPreflight(res);
      return;
    }
    if (splitUrl(url).path === '/' && (method === 'GET' || method === 'HEAD')) {
      answerText(res, 200, welcomeText(options.memberName, req.headers.host));
      return;
    }
    const target = readFlvTarget(url, req.headers.host, options.vhosts);
    if ('problem' in target) {
      refuse(req, target.problem);
      answerAndHangUp(req, res, target.status, target.problem);
      return;
    }
    const request = { req, res, target, client: flvClient(req, 'http-flv') };
    switch (method) {
      case 'HEAD':
        peekOverHttp(request, parts);
        return;
      case 'GET':
        busy.add(req.socket);
        res.once('close', () => busy.delete(req.socket));
        playOverHttp(request, parts);
        return;
      case 'POST':
      case 'PUT':
        busy.add(req.socket);
        res.once('close', () => busy.delete(req.socket));
        publishOverHttp(request, parts);
        return;
      default:
        answerAndHangUp(req, res, 405, `${method} is not served; GET plays, POST and PUT publish`);
        return;
    }
  }

  function refuse(req: IncomingMessage, problem: string): void {
    log.info(
      { client: clientAddress(req.socket), protocol: 'http', reason: problem },
      'http request refused',
    );
  }

  return {
    start: () => listen(server, 'http', options.http, log),
    async stop() {
      const closed = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
      });
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, STOP_MS);
      await closed;
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

function fencedOf(socket: Socket): Fenced {
  return { remote: clientAddress(socket), protocol: 'http' };
}
