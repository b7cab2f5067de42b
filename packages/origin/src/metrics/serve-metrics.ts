import type { Hono } from 'hono';
import { type ApiListener, type ApiListenOptions, listenApi } from '../api/listen.js';
import { listenFailure } from '../errors.js';
import type { Metrics } from './create-metrics.js';

/** Where metrics are asked for; without a port, on the API's. */
export interface MetricsPlace {
  readonly host: string;
  readonly port?: number;
}

/**
 * Puts `GET /metrics` on the API, or opens its own port. Returns the port and how to close it; null where there is none.
 * @throws HeadwaterError where the port can't be had.
 */
export async function serveMetrics(
  metrics: Metrics,
  api: Hono,
  { host, port }: MetricsPlace,
  listening: Omit<ApiListenOptions, 'host' | 'port' | 'certificates'>,
): Promise<ApiListener | null> {
  if (port === undefined) {
    api.route('/', metrics.app);
    return null;
  }
  try {
    return await listenApi(metrics.app, { ...listening, host, port, certificates: null });
  } catch (error) {
    throw listenFailure('metrics', { host, port }, String((error as NodeJS.ErrnoException).code), error);
  }
}
