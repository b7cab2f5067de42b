import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '@headwater/guard';

/** Tells the browser whether the page may read the answer (`play.cors`). To be set before anything is answered. */
export function allowOrigin(
  req: IncomingMessage,
  res: ServerResponse,
  origins: readonly string[] = ALL,
): void {
  const isForAll = origins.includes('*');
  const { origin } = req.headers;
  if (!isForAll) res.setHeader('Vary', 'Origin');
  if (!isForAll && (origin === undefined || !origins.includes(origin))) return;
  res.setHeader('Access-Control-Allow-Origin', isForAll ? '*' : (origin ?? ''));
  res.setHeader('Access-Control-Expose-Headers', 'Content-Type, Location');
}

const ALL = ['*'];

const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Cache-Control, Content-Type, Range',
  'Access-Control-Max-Age': '86400',
} as const;

const NO_CACHE = { 'Cache-Control': 'no-cache, no-store' } as const;
export const FLV_HEADERS = { ...NO_CACHE, 'Content-Type': 'video/x-flv' } as const;
/** How long a client whose body we don't want may take to read our answer. */
const LINGER_MS = 1000;
const RETRY_AFTER_S = '10';

/** A sentence and the end of the request. Does nothing where an answer was begun already. */
export function answerText(
  res: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent) return;
  const body = Buffer.from(`${text}\n`);
  res.writeHead(status, {
    ...NO_CACHE,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    ...headers,
  });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

/** The same for a request whose body goes on: the rest is thrown away for a moment, so that the answer is read. */
export function answerAndHangUp(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { socket } = req;
  answerText(res, status, text, { ...headers, Connection: 'close' });
  req.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** What the guard said no to: JSON with its reason. */
export function answerRefusal(
  req: IncomingMessage,
  res: ServerResponse,
  { status, reason, text }: Refusal,
): void {
  const body = JSON.stringify({ code: reason, message: text });
  answerAndHangUp(req, res, status, body, {
    'Content-Type': 'application/json',
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer realm="headwater"' } : {}),
    ...(status === 429 || status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {}),
  });
}

/** The end of a request in which something threw: 500 where nothing was said yet, else the end of the connection. */
export function endByFault(res: ServerResponse): void {
  const { req } = res;
  try {
    if (res.headersSent) req.socket.destroy();
    else answerAndHangUp(req, res, 500, 'the request failed by a fault of this member, whose log says more');
  } catch (error) {
    req.socket.destroy();
    throw error;
  }
}

export function answerPreflight(res: ServerResponse): void {
  res.writeHead(204, PREFLIGHT_HEADERS);
  res.end();
}

/** An answer on a socket that has no `ServerResponse`: an upgrade refused, or bytes that are no HTTP. */
export function answerRaw(socket: Duplex, status: number, text: string): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = Buffer.from(`${text}\n`);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    // A page may learn why: nothing is told here but that.
    'Access-Control-Allow-Origin: *',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    '',
    '',
  ].join('\r\n');
  socket.on('error', () => {});
  socket.end(Buffer.concat([Buffer.from(head), body]), () => socket.destroy());
}
