import { parseStreamKey } from '@headwater/directory';
import type { StreamTotal } from '@headwater/media';
import type { Registry } from 'prom-client';
import { counter, type Described, gauge } from './live-metric.js';
import type { MetricsSource } from './metrics-source.js';

const LABELS = ['vhost', 'app', 'stream'] as const;

/** Streams one by one, the first `max` in the order of their keys: each costs Prometheus three series. */
export function streamMetrics(registry: Registry, { media }: MetricsSource, max: number): void {
  if (max === 0) return;
  // One question for a scrape: whichever metric is read first asks, and the others share the answer.
  let asked: Promise<{ readonly totals: readonly StreamTotal[]; readonly isCut: boolean }> | null = null;
  const ask = () => {
    if (asked === null) {
      // All metrics of one answer are begun in one turn.
      queueMicrotask(() => {
        asked = null;
      });
      asked = media
        .streamTotals('', max + 1)
        .then(({ value }) => ({ totals: value.slice(0, max), isCut: value.length > max }));
    }
    return asked;
  };
  const samples = (of: (total: StreamTotal) => number) => async () => {
    const { totals } = await ask();
    return totals.flatMap((total) => {
      const name = parseStreamKey(total.key);
      return name === null ? [] : [[of(total), { ...name }] as const];
    });
  };
  const about = (name: string, help: string): Described<(typeof LABELS)[number]> => ({
    name,
    help,
    labels: LABELS,
  });
  gauge(
    registry,
    about('headwater_stream_players', 'Players of a stream here, pulls of other members included.'),
    samples(({ players }) => players),
  );
  counter(
    registry,
    about('headwater_stream_received_bytes_total', 'Media of a stream that its source here sent.'),
    samples(({ bytesIn }) => bytesIn),
  );
  counter(
    registry,
    about('headwater_stream_sent_bytes_total', 'Media of a stream sent to its players here.'),
    samples(({ bytesOut }) => bytesOut),
  );
  gauge(
    registry,
    {
      name: 'headwater_stream_series_cut',
      help: '1: more streams are here than metrics.streamsMax; those after it in the order of their names are left out.',
    },
    async () => [[Number((await ask()).isCut)]],
  );
}
