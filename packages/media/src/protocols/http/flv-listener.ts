import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Client, remoteOf } from '../../arrival/client.js';
import { type Forwarded, readForwarded } from '../../arrival/forwarded.js';
import { type Arrival, Front, type FrontParts } from '../../arrival/front.js';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { TellingGuard } from '../../desks/tell-refusals.js';
import type { Fence, Fenced } from '../../fence.js';
import type { ListenAt } from '../../media-listeners.js';
import type { MediaLog } from '../../media-log.js';
import type { MediaOptions } from '../../media-options.js';
import { clientIp } from '../client-address.js';
import { listen } from '../listen.js';
import type { Listener } from '../listener.js';
import { WsFlv } from '../ws/ws-flv.js';
import { flvClient } from './flv-client.js';
import { readFlvTarget, splitUrl } from './flv-target.js';
import {
  allowOrigin,
  answerAndHangUp,
  answerPreflight,
  answerRaw,
  answerText,
  endByFault,
} from './http-answer.js';
import { peekOverHttp, playOverHttp, publishOverHttp } from './http-flv.js';
import { mayPagePublish } from './publish-origin.js';
import { welcomeText } from './welcome.js';

export interface FlvParts extends Pick<FrontParts, 'gate' | 'proxies' | 'certificates'> {
  readonly at: ListenAt;
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly log: MediaLog;
  readonly fence: Fence;
  readonly guard: TellingGuard;
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
  const { options, log, fence, certificates, at } = parts;
  const forwarding = {
    proxies: parts.proxies,
    get headers() {
      return options.proxyHeaders ?? 'x-forwarded';
    },
  } as const;
  /** Those in whose name requests come, until their sockets are gone. */
  const arrivals = new Map<Duplex, Arrival>();
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
      const { socket } = arrival;
      arrivals.set(socket, arrival);
      socket.once('close', () => {
        arrivals.delete(socket);
        arrival.place.leave();
      });
      for (const read of readHttp) read.call(server, socket);
    },
    refused: (socket, reason) =>
      answerRaw(socket, 503, `too many connections (${reason}); try another member`),
  });
  server.on('connection', (socket: Socket) => front.take(socket));

  /** For whom a request is, and the host that it was sent to. */
  function forwardedOf(req: IncomingMessage): Forwarded {
    const arrival = arrivals.get(req.socket);
    return readForwarded(arrival?.client ?? NOBODY, req.headers, forwarding);
  }

  const isForeignPage = (req: IncomingMessage, { host }: Forwarded): boolean =>
    !mayPagePublish(req.headers.origin, host ?? req.headers.host, {
      origins: options.publish.origins ?? [],
      ownHosts: options.ownHosts ?? [],
    });

  /** False where the client for whom a proxy asks has no place: what it asks for must be refused. */
  function isAdmitted(req: IncomingMessage, { client }: Forwarded): boolean {
    const arrival = arrivals.get(req.socket);
    if (arrival === undefined || !arrival.client.isProxy || client.isProxy) return true;
    if (arrival.place.name(client.ip)) return true;
    log.warn(
      { client: client.ip, protocol: 'http', reason: 'connections-per-address-max' },
      'connection refused',
    );
    return false;
  }

  const fencedOf = (socket: Duplex): Fenced => ({
    remote: remoteOf(arrivals.get(socket)?.client ?? NOBODY),
    protocol: 'http',
  });

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
    const address = arrivals.get(socket)?.client.ip ?? clientIp(socket as Socket);
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
    const forwarded = forwardedOf(req);
    const target = readFlvTarget(req.url ?? '', forwarded.host ?? req.headers.host, options.vhosts);
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') serveAsItIs(req, socket);
    else if (!isAdmitted(req, forwarded)) answerRaw(socket, 503, NO_ROOM);
    else if ('problem' in target) {
      refuse(forwarded, target.problem);
      answerRaw(socket, target.status, target.problem);
    } else if (req.method !== 'GET') {
      answerRaw(socket, 400, 'only WebSocket upgrades by GET are taken');
    } else {
      const client = flvClient(req, forwarded.client, 'ws-flv');
      ws.upgrade({ req, socket, head, target, client, isForeignPage: isForeignPage(req, forwarded) });
    }
  }

  /**
   * A client that would speak another protocol, as `curl --http2` and Java's own offer with each first request, is served in this
   * one (RFC 9110, 7.8). Node has let go of such a connection: it reads no body there, and no further request.
   */
  function serveAsItIs(req: IncomingMessage, socket: Duplex): void {
    if (!(socket instanceof Socket) || !READING.has(req.method ?? '')) {
      answerRaw(socket, 400, 'publish without asking for an upgrade; only players are served with one');
      return;
    }
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.on('error', () => {});
    res.once('finish', () => socket.end());
    res.assignSocket(socket);
    socket.once('end', () => socket.destroySoon());
    socket.resume();
    serve(req, res);
  }

  function serve(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '';
    const { method = 'GET' } = req;
    allowOrigin(req, res, options.play.cors);
    if (method === 'OPTIONS') {
      answerPreflight(res);
      return;
    }
    if (splitUrl(url).path === '/' && (method === 'GET' || method === 'HEAD')) {
      answerText(res, 200, welcomeText(options.memberName, req.headers.host));
      return;
    }
    const forwarded = forwardedOf(req);
    if (!isAdmitted(req, forwarded)) {
      answerAndHangUp(req, res, 503, NO_ROOM);
      return;
    }
    // Proxies keep connections for requests of others.
    if (arrivals.get(req.socket)?.client.isProxy === true)
      res.once('close', () => arrivals.get(req.socket)?.place.name(null));
    const client = flvClient(req, forwarded.client, 'http-flv');
    const target = readFlvTarget(url, forwarded.host ?? req.headers.host, options.vhosts);
    if ('problem' in target) {
      refuse(forwarded, target.problem);
      answerAndHangUp(req, res, target.status, target.problem);
      return;
    }
    switch (method) {
      case 'HEAD':
        peekOverHttp({ req, res, target, client }, parts);
        return;
      case 'GET':
        busy.add(req.socket);
        res.once('close', () => busy.delete(req.socket));
        playOverHttp({ req, res, target, client }, parts);
        return;
      case 'POST':
      case 'PUT':
        busy.add(req.socket);
        res.once('close', () => busy.delete(req.socket));
        publishOverHttp({ req, res, target, client }, isForeignPage(req, forwarded), parts);
        return;
      default:
        answerAndHangUp(req, res, 405, `${method} is not served; GET plays, POST and PUT publish`);
        return;
    }
  }

  function refuse({ client }: Forwarded, problem: string): void {
    log.info({ client: remoteOf(client), protocol: 'http', reason: problem }, 'http request refused');
  }

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
        for (const socket of [...arrivals.keys()]) socket.destroy();
      }, STOP_MS);
      await closed;
      clearTimeout(timer);
      for (const socket of [...arrivals.keys()]) socket.destroy();
    },
  };
}

/** Requests that have no body. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const NO_ROOM = 'too many connections (connections-per-address-max); try another member';
/** Whose socket is gone. */
const NOBODY: Client = { ip: '', port: 0, isSecure: false, isProxy: false };
