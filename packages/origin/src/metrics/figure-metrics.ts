import { MEDIA_GAUGES, MEDIA_HISTOGRAMS, MEDIA_TOTALS } from '@headwater/media';
import type { Registry } from 'prom-client';
import { counter, gauge, histogram } from './live-metric.js';
import type { MetricsSource } from './metrics-source.js';

/** What each total is called here, and what it says. */
const TOTALS: Readonly<Record<keyof typeof MEDIA_TOTALS, readonly [name: string, help: string]>> = {
  routes: [
    'headwater_routes_total',
    'Routes given to plays, at their beginning and where they change, by kind and reason.',
  ],
  refusals: ['headwater_refusals_total', 'Publishes and plays that were refused, by reason.'],
  joins: ['headwater_joins_total', 'Players that got their first media, pulls of other members included.'],
  publishes: ['headwater_publishes_total', 'Publishers that were accepted.'],
  publishEnds: ['headwater_publish_ends_total', 'Publishers that are gone, by reason.'],
  disconnects: ['headwater_players_disconnected_total', 'Players that were disconnected, by reason.'],
  framesDropped: [
    'headwater_frames_dropped_total',
    'Frames that players did not get since they take too little, by the limit that was gone over.',
  ],
  switches: [
    'headwater_switches_total',
    'Streams whose players went on from another source. exact: with the very next frame; start: at a key frame.',
  ],
  spliceSearches: [
    'headwater_splice_searches_total',
    'Searches for the place at which another source goes on. behind: it has not come to it yet; none: a miss.',
  ],
  relayStarts: ['headwater_relay_starts_total', 'Pulls from other members that were opened, by reason.'],
  relayEnds: ['headwater_relay_ends_total', 'Pulls from other members that ended, by reason.'],
  bytesIn: [
    'headwater_received_bytes_total',
    'Media received, by where from: publishers here, relays from other members, other workers of this member.',
  ],
  bytesOut: ['headwater_sent_bytes_total', 'Media sent to players and to other members that pull.'],
  forwards: [
    'headwater_forwards_total',
    'Publishers forwarded to an origin: started; moved to another one; lost by their origin; failed tries.',
  ],
  verdicts: ['headwater_auth_verdicts_total', 'What the rules for publish and play decided.'],
  hookCalls: [
    'headwater_hook_calls_total',
    'Calls of hooks. yes and no: its answer; failed: it gave none; busy: too many waited for it.',
  ],
};

const HISTOGRAMS: Readonly<Record<keyof typeof MEDIA_HISTOGRAMS, readonly [name: string, help: string]>> = {
  firstFrame: [
    'headwater_time_to_first_frame_seconds',
    'From a play to its first media, of plays that waited for no publisher.',
  ],
  switchGap: [
    'headwater_switch_gap_seconds',
    'Time without a frame before players went on from another source.',
  ],
  hookTime: [
    'headwater_hook_duration_seconds',
    'Time that calls of hooks took, waiting for a turn included.',
  ],
};

const GAUGES: Readonly<Record<keyof typeof MEDIA_GAUGES, readonly [name: string, help: string]>> = {
  players: ['headwater_players_by_protocol', 'Players by protocol. relay: pulls of other members.'],
  queueBytes: ['headwater_queue_bytes', 'What waits for players that do not take it at once.'],
  keptBytes: [
    'headwater_kept_bytes',
    'Media that is kept for players that join and sources that take over: the last relay.replayMs, or the GOP.',
  ],
  forwards: ['headwater_forwards', 'Publishers here that are published at an origin.'],
  relays: ['headwater_relays', 'Streams that are pulled from other members.'],
  relayWays: [
    'headwater_relays_by_way',
    'Streams that relays feed. direct: pulled from their owner; through: from another member (relay.tree, or the owner is out of reach).',
  ],
};

const GC_LABELS: readonly string[] = ['worker', 'kind'];

/** What media did and does, over all workers, ended ones too. */
export function figureMetrics(registry: Registry, { media }: MetricsSource): void {
  for (const [figure, [name, help]] of entries(TOTALS)) {
    const labels: readonly string[] = MEDIA_TOTALS[figure];
    counter(registry, { name, help, labels }, () => samplesOf(media.figures().totals[figure], labels));
  }
  for (const [figure, [name, help]] of entries(GAUGES)) {
    const labels: readonly string[] = MEDIA_GAUGES[figure];
    gauge(registry, { name, help, labels }, () => samplesOf(media.figures().gauges[figure], labels));
  }
  for (const [figure, [name, help]] of entries(HISTOGRAMS)) {
    const { labels, bounds } = MEDIA_HISTOGRAMS[figure];
    histogram(registry, { name, help, labels, bounds }, () =>
      Object.entries(media.figures().histograms[figure] ?? {}).map(
        ([key, value]) => [value, labelsOf(labels, key)] as const,
      ),
    );
  }
  counter(
    registry,
    {
      name: 'headwater_worker_gc_seconds_total',
      help: 'Time of each media worker that garbage collection took, by kind.',
      labels: GC_LABELS,
    },
    () => samplesOf(media.figures().totals.gcSeconds, GC_LABELS),
  );
}

const entries = <K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] =>
  Object.entries(record) as [K, V][];

/** One sample of 0 where nothing was counted yet and there are no labels. */
function samplesOf(
  sets: Readonly<Record<string, number>> | undefined,
  labels: readonly string[],
): (readonly [number, Record<string, string>])[] {
  const known = labels.length === 0 ? { '': 0, ...sets } : (sets ?? {});
  return Object.entries(known).map(([key, value]) => [value, labelsOf(labels, key)] as const);
}

function labelsOf(labels: readonly string[], key: string): Record<string, string> {
  const values = key.split(' ');
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
}
