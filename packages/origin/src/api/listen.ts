import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

/** A listening API. */
export interface ApiListener {
  /** Port really bound (configured 0 takes a free one). */
  readonly port: number;
  close(): Promise<void>;
}

/** Slow and idle clients of the API are cut off after these, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Most API connections at once; the next is closed. */
const CONNECTIONS_MAX = 256;

/** What stands for the host in a request's URL where its own does not serve. Nothing here depends on it. */
const HOST = 'localhost';
const PLAIN_HOST = /^[a-z][a-z0-9.-]*(?::\d{1,5})?$/i;

/**
 * Opens the API. Rejects with Node's own error (`code` such as EADDRINUSE) where the port can't be had. `onFault` hears
 * of what fails later; a fault in one request ends that request.
 */
export async function listenApi(
  api: Hono,
  host: string,
  port: number,
  onFault: (error: unknown) => void,
): Promise<ApiListener> {
  const serve = getRequestListener(api.fetch, { hostname: HOST });
  const server = createServer((req, res) => {
    useKnownHost(req);
    Promise.resolve(serve(req, res)).catch((error: unknown) => {
      onFault(error);
      req.socket.destroy();
    });
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // Such as no more files to open: it concerns those who connect meanwhile.
      server.on('error', onFault);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Health checks by HTTP/1.0 have no `Host` (HAProxy's `option httpchk GET /readyz`), and others have one that makes no
 * URL; hono's server would answer 400. Handlers see the header as it came.
 */
function useKnownHost(req: IncomingMessage): void {
  if (!PLAIN_HOST.test(req.headers.host ?? '')) req.headers.host = HOST;
}
