import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** How long a connection is kept for the next call, ms. */
const IDLE_MS = 30_000;

/** Connections that are kept for the next call. */
export interface HttpAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export function createAgents(socketsMax: number): HttpAgents {
  const options = {
    keepAlive: true,
    maxSockets: socketsMax,
    maxFreeSockets: socketsMax,
    // Of connections that nobody uses; a call has a deadline of its own.
    timeout: IDLE_MS,
    scheduling: 'lifo',
  } as const;
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

/** Ends the idle connections; calls under way go on. (`destroy` of an agent would cut those too.) */
export function closeAgents({ http, https }: HttpAgents): void {
  for (const sockets of [...Object.values(http.freeSockets), ...Object.values(https.freeSockets)]) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8. */
  readonly body?: Buffer;
  /** For all of it. */
  readonly timeoutMs: number;
  /** Largest body of an answer. */
  readonly bytesMax: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** No whole answer came. `code` is stable. */
export class HttpCallError extends Error {
  readonly code: 'timeout' | 'connection' | 'too-large';

  constructor(code: HttpCallError['code'], message: string) {
    super(message);
    this.name = 'HttpCallError';
    this.code = code;
  }
}

/**
 * One request and its whole answer, bounded in time and bytes. Redirects are not followed. Where a connection that was kept
 * turns out to be closed, the call is made once more on a new one. Rejects with `HttpCallError`.
 */
export async function callHttp(call: HttpCall, agents: HttpAgents): Promise<HttpAnswer> {
  const startMs = performance.now();
  try {
    return await callOnce(call, agents, call.timeoutMs);
  } catch (error) {
    const leftMs = call.timeoutMs - (performance.now() - startMs);
    if (!(error instanceof StaleConnection) || leftMs <= 0) throw error;
    return callOnce(call, agents, leftMs);
  }
}

/** A kept connection was closed by the other side before any answer. */
class StaleConnection extends HttpCallError {}

function callOnce(call: HttpCall, agents: HttpAgents, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const isHttps = call.url.startsWith('https:');
    const options = {
      method: call.method,
      headers: { ...call.headers, ...(call.body && { 'Content-Length': String(call.body.length) }) },
    };
    const req = isHttps
      ? requestHttps(call.url, { ...options, agent: agents.https }, onAnswer)
      : requestHttp(call.url, { ...options, agent: agents.http }, onAnswer);
    let hasAnswer = false;
    const timer = setTimeout(
      () => fail(new HttpCallError('timeout', `no whole answer within ${Math.round(call.timeoutMs)} ms`)),
      timeoutMs,
    );

    function fail(error: HttpCallError): void {
      clearTimeout(timer);
      reject(error);
      req.destroy();
    }

    function onAnswer(res: IncomingMessage): void {
      hasAnswer = true;
      const parts: Buffer[] = [];
      let bytes = 0;
      res.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > call.bytesMax)
          fail(new HttpCallError('too-large', `an answer of more than ${call.bytesMax} bytes`));
        else parts.push(part);
      });
      res.on('error', (error) => fail(new HttpCallError('connection', error.message)));
      res.on('close', () => {
        if (!res.complete) fail(new HttpCallError('connection', 'the answer was cut'));
      });
      res.on('end', () => {
        clearTimeout(timer);
        const { location } = res.headers;
        resolve({ status: res.statusCode ?? 0, location, body: Buffer.concat(parts).toString('utf8') });
      });
    }

    req.on('error', (error: NodeJS.ErrnoException) => {
      const isStale =
        req.reusedSocket && !hasAnswer && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      const Kind = isStale ? StaleConnection : HttpCallError;
      fail(new Kind('connection', error.code ?? error.message));
    });
    // As text it goes out with the head in one write.
    req.end(call.body?.toString('utf8'), 'utf8');
  });
}
