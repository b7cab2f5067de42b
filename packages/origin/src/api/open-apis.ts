import { CertificateStore, type MediaLog, type TrustedProxies } from '@headwater/media';
import type { Hono } from 'hono';
import type { OriginConfig } from '../config/origin-config.js';
import type { Metrics } from '../metrics/create-metrics.js';
import { serveMetrics } from '../metrics/serve-metrics.js';
import { type ApiListener, listenApi } from './listen.js';

export interface ApiParts {
  readonly app: Hono;
  readonly metrics: Metrics;
  /** The one in force; ports and hosts are those of the start. */
  readonly config: () => OriginConfig;
  readonly proxies: TrustedProxies;
  readonly log: MediaLog;
}

/** The listeners of a member that serve no media. */
export interface OpenApis {
  /** Ports really bound; 0 where one is off. */
  readonly ports: {
    readonly api: number;
    readonly apiTls: number;
    /** Absent where metrics are on the API's port. */
    readonly metrics?: number;
  };
  /** Rejects with `CertificateError`; then those of before stay. */
  replaceCertificates(certificates: OriginConfig['tls']['certificates']): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the API with and without TLS, and the metrics' port where they have one. Rejects with `CertificateError`, or the
 * error of a port that can't be had; then nothing is left open.
 */
export async function openApis({ app, metrics, config, proxies, log }: ApiParts): Promise<OpenApis> {
  const { api, metrics: place, tls } = config();
  const certificates =
    api.tlsPort !== null || place.tls
      ? await CertificateStore.open({ certificates: tls.certificates }, log)
      : null;
  const listening = {
    host: api.host,
    forwarding: {
      proxies,
      get headers() {
        return config().proxyHeaders;
      },
    },
    log,
    onFault: (error: unknown) => log.error({ err: error }, 'api listener failed'),
  };
  const open: ApiListener[] = [];
  const close = async (): Promise<void> => {
    certificates?.close();
    await Promise.all(open.map((listener) => listener.close()));
  };
  const listen = async (port: number | null, own: CertificateStore | null): Promise<number> => {
    const listener = await listenApi(app, { ...listening, port, certificates: own });
    open.push(listener);
    return listener.port;
  };
  try {
    const ofMetrics = await serveMetrics(metrics, app, place, () => config().metrics.token ?? [], {
      ...listening,
      certificates: place.tls ? certificates : null,
    });
    if (ofMetrics !== null) open.push(ofMetrics);
    return {
      ports: {
        api: await listen(api.port, null),
        apiTls: await listen(api.tlsPort, certificates),
        ...(ofMetrics !== null && { metrics: ofMetrics.port }),
      },
      replaceCertificates: async (next) => certificates?.replace(next),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
