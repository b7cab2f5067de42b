import { release, type as systemName, version } from 'node:os';
import type { MediaFigures } from '@headwater/media';
import type { Registry } from 'prom-client';
import { memberUse } from '../member-use.js';
import { PROGRAM_VERSION } from '../version.js';
import { counter, gauge } from './live-metric.js';
import type { MetricsSource } from './metrics-source.js';

/**
 * What SRS's exporter tells, under its names and in its units (memory in kB, the processor in percent), so that
 * dashboards made for it go on. Over all workers of this member.
 */
export function srsMetrics(registry: Registry, source: MetricsSource, now: () => number): void {
  const { media, member } = source;
  const total = (of: keyof MediaFigures['totals'] & string): number =>
    Object.values(media.figures().totals[of] ?? {}).reduce((sum, count) => sum + count, 0);
  gauge(
    registry,
    {
      name: 'srs_node_uname_info',
      help: 'Labeled system information as provided by the uname system call.',
      labels: ['sysname', 'nodename', 'release', 'version', 'machine'],
    },
    () => [
      [
        1,
        {
          sysname: systemName(),
          nodename: member.name,
          release: release(),
          version: version(),
          machine: process.arch,
        },
      ],
    ],
  );
  gauge(
    registry,
    {
      name: 'srs_build_info',
      help: 'A metric with a constant 1 value labeled by the version that runs.',
      labels: ['server', 'service', 'pid', 'version'],
    },
    () => [
      [
        1,
        {
          server: member.id,
          service: member.name,
          pid: String(process.pid),
          version: `headwater-${PROGRAM_VERSION}`,
        },
      ],
    ],
  );
  const use = memberUse(media);
  let last = { atMs: now(), usedSeconds: use.cpuSeconds() };
  gauge(registry, { name: 'srs_cpu_percent', help: 'Processor of all processes, percent of a core.' }, () => {
    const before = last;
    last = { atMs: now(), usedSeconds: use.cpuSeconds() };
    const tookSeconds = Math.max(1, last.atMs - before.atMs) / 1000;
    return [[((last.usedSeconds - before.usedSeconds) / tookSeconds) * 100]];
  });
  gauge(registry, { name: 'srs_memory', help: 'Memory of all processes, kB.' }, () => [
    [Math.round(use.residentBytes() / 1024)],
  ]);
  counter(registry, { name: 'srs_send_bytes_total', help: 'Media sent.' }, () => [[total('bytesOut')]]);
  counter(registry, { name: 'srs_receive_bytes_total', help: 'Media received.' }, () => {
    const { publisher = 0, relay = 0 } = media.figures().totals.bytesIn ?? {};
    return [[publisher + relay]];
  });
  gauge(registry, { name: 'srs_streams', help: 'Streams published or relayed here.' }, () => [
    [media.told().publishers + (media.figures().gauges.relays?.[''] ?? 0)],
  ]);
  gauge(registry, { name: 'srs_clients', help: 'Publishers and players here.' }, () => {
    const { players, publishers } = media.told();
    return [[players + publishers]];
  });
  counter(registry, { name: 'srs_clients_total', help: 'Publishers and players since the start.' }, () => [
    [total('joins') + total('publishes')],
  ]);
  counter(registry, { name: 'srs_clients_errs_total', help: 'Refused or ended by this member.' }, () => [
    [total('refusals') + total('disconnects')],
  ]);
}
