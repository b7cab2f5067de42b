import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
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

/** Opens the API. Rejects with Node's own error (`code` such as EADDRINUSE) where the port can't be had. */
export async function listenApi(api: Hono, host: string, port: number): Promise<ApiListener> {
  const server = createAdaptorServer({ fetch: api.fetch });
  if ('headersTimeout' in server) {
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
  }
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
