import { Hono } from 'hono';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { Turns } from '../api/turns.js';
import { SlicedWork } from '../plane/sliced-work.js';
import { PROGRAM_VERSION } from '../version.js';
import { figureMetrics } from './figure-metrics.js';
import { gauge } from './live-metric.js';
import { LOOP_METRICS, loopMetrics } from './loop-metrics.js';
import { mediaMetrics } from './media-metrics.js';
import { meshMetrics } from './mesh-metrics.js';
import type { MetricsChoice, MetricsSource } from './metrics-source.js';
import { sharedReads } from './shared-reads.js';
import { srsMetrics } from './srs-metrics.js';
import { StreamSeries } from './stream-series.js';

export type { MetricsSource } from './metrics-source.js';

/** How often the library watches the event loop, ms: it can't be told not to, and its figures are not used. */
const NEVER_MS = 2 ** 31 - 1;

/** The metrics of one member: `GET /metrics` in Prometheus' text format, apart from any listener. */
export interface Metrics {
  readonly app: Hono;
  close(): void;
}

/** `now`: ms of a clock that never goes back. */
export function createMetrics(
  asked: MetricsSource,
  { streamsMax, srsNames }: MetricsChoice,
  now: () => number = () => performance.now(),
): Metrics {
  const registry = new Registry();
  const turns = new Turns();
  const { source, forget } = sharedReads(asked);
  const { id, name, role, zone = '' } = source.member;
  gauge(
    registry,
    {
      name: 'headwater_info',
      help: '1, with what this member is as labels.',
      labels: ['member', 'id', 'role', 'zone', 'version'],
    },
    () => [[1, { member: name, id, role, zone, version: PROGRAM_VERSION }]],
  );
  const stopListening = meshMetrics(registry, source, now);
  mediaMetrics(registry, source);
  figureMetrics(registry, source);
  const series = streamsMax === 0 ? null : new StreamSeries(source.media, streamsMax, turns);
  if (srsNames) srsMetrics(registry, source, now);
  let ofProcess: Promise<void> | null = null;

  const app = new Hono();
  app.get('/metrics', async (context) => {
    ofProcess ??= watchProcess(registry);
    await ofProcess;
    const text = await textOf(registry, turns, forget);
    const body = series === null ? text : `${text}${await series.text()}`;
    return context.body(body, 200, { 'Content-Type': registry.contentType });
  });
  return {
    app,
    close() {
      stopListening();
      registry.clear();
    },
  };
}

/**
 * Memory, garbage collection, the event loop's delay and open files of the main process: from the first scrape on, since to
 * watch the event loop wakes the process twenty times a second, which is more than an idle member does else.
 */
async function watchProcess(registry: Registry): Promise<void> {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of LOOP_METRICS) registry.removeSingleMetric(name);
  for (const what of ['handles', 'requests', 'resources']) {
    // They say little, cost a list of all sockets, and are called totals although they go down.
    registry.removeSingleMetric(`nodejs_active_${what}`);
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  }
  await loopMetrics(registry);
}

/**
 * All metrics in Prometheus' text format. The library's own `metrics()` makes all of it in one turn of the event loop; here
 * other work has its turn between two slices. `onSlice`: a new slice begins.
 */
async function textOf(registry: Registry, turns: Turns, onSlice: () => void): Promise<string> {
  const parts: string[] = [];
  onSlice();
  const work = new SlicedWork(() => turns.next());
  for (const { name } of registry.getMetricsAsArray()) {
    if (work.isOver) {
      await work.nextTurn();
      onSlice();
    }
    // None is left where the member stopped meanwhile.
    if (registry.getSingleMetric(name) !== undefined)
      parts.push(await registry.getSingleMetricAsString(name));
  }
  return `${parts.join('\n\n')}\n`;
}
