import type { Registry } from 'prom-client';
import { counter, gauge } from './live-metric.js';
import type { MetricsSource } from './metrics-source.js';

/** The media of this member, over all of its workers. */
export function mediaMetrics(registry: Registry, source: MetricsSource): void {
  const { media } = source;
  gauge(
    registry,
    { name: 'headwater_players', help: 'Players here, pulls of other members included.' },
    () => [[media.told().players]],
  );
  gauge(registry, { name: 'headwater_publishers', help: 'Publishers here.' }, () => [
    [media.told().publishers],
  ]);
  gauge(registry, { name: 'headwater_connections', help: 'Connections on the RTMP and HTTP ports.' }, () => [
    [media.told().connections],
  ]);
  gauge(
    registry,
    {
      name: 'headwater_outbound_bytes_per_second',
      help: 'What is sent to players and other members at the moment.',
    },
    () => [[(media.told().outboundKbps * 1000) / 8]],
  );
  gauge(
    registry,
    { name: 'headwater_full', help: '1: it takes no more plays that others have room for.' },
    () => [[Number(media.told().isFull)]],
  );
  gauge(registry, { name: 'headwater_draining', help: '1: it is leaving on purpose.' }, () => [
    [Number(source.isDraining())],
  ]);
  gauge(
    registry,
    {
      name: 'headwater_ready',
      help: '1: joined, in step with the mesh, taking connections, and not draining.',
    },
    () => {
      const { joined, synced, disputed } = source.status();
      return [[Number(joined && synced && !disputed && !source.isDraining() && media.waitingFor === null)]];
    },
  );
  counter(
    registry,
    { name: 'headwater_faults_total', help: 'Connections of clients that a fault of this program ended.' },
    () => [[media.told().faults]],
  );
  workerMetrics(registry, source);
}

function workerMetrics(registry: Registry, { media }: MetricsSource): void {
  const labels = ['worker'] as const;
  const each = (read: (view: ReturnType<typeof media.workers>[number]) => number) => () =>
    media.workers().map((view) => [read(view), { worker: String(view.worker) }] as const);
  gauge(
    registry,
    { name: 'headwater_worker_up', help: '1: this media worker takes connections.', labels },
    each(({ state }) => Number(state === 'listening')),
  );
  gauge(
    registry,
    { name: 'headwater_worker_connections', help: 'Connections of each media worker.', labels },
    each(({ connections }) => connections),
  );
  gauge(
    registry,
    { name: 'headwater_worker_resident_memory_bytes', help: 'Memory of each media worker.', labels },
    each(({ rssBytes }) => rssBytes),
  );
  counter(
    registry,
    {
      name: 'headwater_worker_cpu_seconds_total',
      help: 'Processor time of each media worker, with the processes that it had before.',
      labels,
    },
    each(({ cpuSeconds }) => cpuSeconds),
  );
  for (const part of ['p50', 'p99', 'max'] as const)
    gauge(
      registry,
      {
        name: `headwater_worker_event_loop_delay_${part}_seconds`,
        help: `How late the event loop of each media worker was over the last second: ${part}; 0 where it has no connections.`,
        labels,
      },
      each(({ loopDelay }) => loopDelay?.[part] ?? 0),
    );
  counter(
    registry,
    {
      name: 'headwater_worker_restarts_total',
      help: 'How often each media worker was started anew.',
      labels,
    },
    each(({ restarts }) => restarts),
  );
}
