import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CertificateStore } from '@headwater/media';
import {
  type Client,
  Fence,
  type ForwardedRules,
  Front,
  type MediaLog,
  QueuedAnswers,
  readForwarded,
} from '@headwater/media';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import { errorBody } from './api-error.js';
import { keepClientIp } from './client-ip.js';

/** A listening API. */
export interface ApiListener {
  /** Port really bound (configured 0 takes a free one); 0 where it is off. */
  readonly port: number;
  close(): Promise<void>;
}

export interface ApiListenOptions {
  readonly host: string;
  /** Null: it does not listen. */
  readonly port: number | null;
  /** Null: without TLS. */
  readonly certificates: CertificateStore | null;
  readonly forwarding: ForwardedRules;
  readonly log: MediaLog;
  /** Hears of what fails later; a fault in one request ends that request. */
  readonly onFault: (error: unknown) => void;
  /** Longest time in which a connection neither takes nor sends anything, ms. */
  readonly stillMs?: number;
}

/** Slow and idle clients of the API are cut off after these, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Those who do not read their answer as well: who follows events gets a word far more often. */
const STILL_MS = 60_000;
/** Most API connections at once; the next is closed. */
const CONNECTIONS_MAX = 256;

/** What stands for the host in a request's URL where its own does not serve. Nothing here depends on it. */
const HOST = 'localhost';
const PLAIN_HOST = /^[a-z][a-z0-9.-]*(?::\d{1,5})?$/i;
/** The number of connections is the only limit here. */
const PLACE = { leave() {}, name: () => true, countAsPull() {}, countAsClient: () => true } as const;
const NOBODY: Client = { ip: '', port: 0, isSecure: false, isProxy: false };

/** Opens the API. Rejects with Node's own error (`code` such as EADDRINUSE) where the port can't be had. */
export async function listenApi(api: Hono, options: ApiListenOptions): Promise<ApiListener> {
  const { host, port, certificates, forwarding, log, onFault, stillMs = STILL_MS } = options;
  if (port === null) return { port: 0, close: async () => {} };
  const serve = getRequestListener(api.fetch, { hostname: HOST, errorHandler: answerFailed });
  const clients = new WeakMap<object, Client>();
  const queued = new QueuedAnswers();
  const server = createServer({ requireHostHeader: false }, (req, res) => {
    queued.watch(req, res);
    const forwarded = readForwarded(clients.get(req.socket) ?? NOBODY, req.headers, forwarding);
    keepClientIp(req, forwarded.client.ip);
    if (forwarded.host !== undefined) req.headers.host = forwarded.host;
    useKnownHost(req);
    // What asks about the whole server is answered at its root.
    if (req.method === 'OPTIONS' && req.url === '*') req.url = '/';
    Promise.resolve(serve(req, res)).catch((error: unknown) => {
      onFault(error);
      req.socket.destroy();
    });
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = stillMs;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerUnread(error.code ?? '', socket));
  const readHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  const front = new Front({
    protocol: 'api',
    certificates,
    proxies: forwarding.proxies,
    handshakeMs: () => HEADERS_TIMEOUT_MS,
    gate: { enter: () => PLACE },
    mayPull: false,
    log,
    fence: new Fence(log),
    arrived({ socket, client }) {
      clients.set(socket, client);
      for (const read of readHttp) read.call(server, socket);
    },
    refused: (socket) => socket.destroy(),
  });
  server.on('connection', (socket) => front.take(socket));
  return { port: await bind(server, host, port, onFault), close: () => close(server, front) };
}

/** What cannot be read as a request never comes to the API, which would answer it in the same shape. */
function answerUnread(code: string, socket: Duplex): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, said] = UNREAD[code] ?? ['400 Bad Request', 'that was no HTTP request'];
  const body = JSON.stringify(errorBody('REQUEST_UNREADABLE', said));
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** What is HTTP, with a target that makes no URL, comes not to the API either. */
function answerFailed(error: unknown): Response {
  if (!(error instanceof RequestError)) return new Response(null, { status: 500 });
  return Response.json(errorBody('REQUEST_UNREADABLE', 'the target of the request makes no URL'), {
    status: 400,
  });
}

/** By Node's code. */
const UNREAD: Readonly<Record<string, readonly [status: string, said: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', "the request's headers are too long"],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long'],
};

async function bind(
  server: Server,
  host: string,
  port: number,
  onFault: (error: unknown) => void,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // Such as no more files to open: it concerns those who connect meanwhile.
      server.on('error', onFault);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function close(server: Server, front: Front): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    front.close();
    server.closeAllConnections();
  });
}

/**
 * Health checks have no `Host` (HAProxy's `option httpchk GET /readyz`, also with `HTTP/1.1` behind it), and others have one
 * that makes no URL; hono's server would answer 400. Handlers see the header as it came.
 */
function useKnownHost(req: IncomingMessage): void {
  if (!PLAIN_HOST.test(req.headers.host ?? '')) req.headers.host = HOST;
}
