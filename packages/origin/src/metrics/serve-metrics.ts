import { Hono } from 'hono';
import { requireRole } from '../api/access.js';
import { type ApiListener, type ApiListenOptions, listenApi } from '../api/listen.js';
import { listenFailure } from '../errors.js';
import type { Metrics } from './create-metrics.js';

/** Where metrics are asked for; without a port, on the API's. */
export interface MetricsPlace {
  readonly host: string;
  readonly port?: number;
}

/**
 * Puts `GET /metrics` on the API, or opens its own port, where one of `tokens` is asked for; none: nothing is. They are
 * looked at with each request. Returns the port and how to close it; null where there is none.
 * @throws HeadwaterError where the port can't be had.
 */
export async function serveMetrics(
  metrics: Metrics,
  api: Hono,
  { host, port }: MetricsPlace,
  tokens: () => readonly string[],
  listening: Omit<ApiListenOptions, 'host' | 'port'>,
): Promise<ApiListener | null> {
  if (port === undefined) {
    api.route('/', metrics.app);
    return null;
  }
  const guarded = new Hono();
  const needsToken = requireRole('read', () => ({
    operateTokens: [],
    readTokens: tokens(),
    hosts: [],
    cors: [],
  }));
  guarded.use('*', (context, next) => (tokens().length === 0 ? next() : needsToken(context, next)));
  guarded.route('/', metrics.app);
  try {
    return await listenApi(guarded, { ...listening, host, port });
  } catch (error) {
    throw listenFailure('metrics', { host, port }, String((error as NodeJS.ErrnoException).code), error);
  }
}
