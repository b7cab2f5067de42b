import { gzipSync } from 'node:zlib';
import { Directory, OwnLog } from '@headwater/directory';
import { MediaTally } from '@headwater/media';
import { createMetrics, type MetricsSource } from '@headwater/origin/metrics';
import { whole } from '../support/options.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { LoopWatch } from './loop-watch.js';
import { profileOf } from './route-rate.js';

const OWNERS = 3;
const SERIES = 1000;

/** What a scrape of one member costs it. */
export const metrics = bench(
  'an answer of /metrics while there are many streams, without and with series of some of them',
  {
    streams: whole('streams', { default: 10_000, min: 100 }),
    workers: whole('media workers', { default: 4, min: 0 }),
    runs: whole('times it is asked', { default: 50, min: 1 }),
  },
  async (_, { streams, workers, runs }) => {
    const source = sourceOf(streams, workers);
    return {
      what: 'time from a request of /metrics to its answer, ms; its size, bytes; longest block of the loop, ms of CPU',
      reach: {
        off: { ms: 20, bytes: 200_000 },
        on: { streamsMax: SERIES, ms: 60, bytes: 1_500_000, blockMs: 20 },
      },
      off: await scrape(source, 0, runs),
      on: await scrape(source, SERIES, runs),
    };
  },
);

async function scrape(source: MetricsSource, streamsMax: number, runs: number): Promise<object> {
  const { app, close } = createMetrics(source, { streamsMax, srsNames: false });
  const times: number[] = [];
  let text = '';
  // The first answers run code that is not compiled yet.
  for (let run = 0; run < 5; run += 1) await (await app.request('/metrics')).text();
  const loop = await new LoopWatch(() => {}).during(async () => {
    for (let run = 0; run < runs; run += 1) {
      const start = performance.now();
      text = await (await app.request('/metrics')).text();
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  close();
  return {
    ...spreadOf(times),
    bytes: Buffer.byteLength(text),
    gzippedBytes: gzipSync(text).length,
    loop,
  };
}

/** A member with workers that have done a little of everything. */
function sourceOf(streams: number, workers: number): MetricsSource {
  const directory = new Directory('id-self', profileOf(0), {
    membersMax: OWNERS + 1,
    streamsPerMemberMax: streams,
  });
  const keys: string[] = [];
  const each = Math.ceil(streams / OWNERS);
  for (let owner = 0; owner < OWNERS; owner += 1) {
    const log = new OwnLog(`id-${owner}`, 1, streams);
    log.setProfile(profileOf(owner + 1));
    for (let index = 0; index < each; index += 1) {
      const key = `__defaultVhost__/live/owner-${owner}-${String(index).padStart(6, '0')}`;
      keys.push(key);
      log.claim({ key, sinceMs: index, media: {} });
    }
    directory.replace(log.snapshot());
  }
  const tally = new MediaTally();
  for (const reason of ['websocket', 'mode-relay', 'passed-on', 'already-redirected', 'owner-full'])
    tally.add('routes', `relay ${reason}`, 9);
  for (const protocol of ['rtmp', 'http-flv', 'ws-flv'] as const)
    tally.began({ id: '1', protocol, sinceMs: 0 }, 20);
  for (const event of ['publish', 'play', 'stop', 'unpublish']) tally.hookCalled(event, 'yes', 20);
  const totals = keys.sort().map((key) => ({ key, players: 3, bytesIn: 123_456_789, bytesOut: 987_654_321 }));
  const view = (worker: number) => ({
    worker,
    state: 'listening' as const,
    pid: worker,
    sinceMs: 0,
    connections: 9,
    players: 9,
    publishers: 1,
    outboundKbps: 1,
    rssBytes: 1,
    cpuSeconds: 1,
    restarts: 0,
    loopDelay: { p50: 0, p99: 0, max: 0 },
  });
  return {
    directory,
    member: { id: 'id-self', name: 'self', role: 'origin' },
    members: () => [],
    status: () => ({ joined: true, synced: true, disputed: false }),
    figures: () => ({
      received: {},
      sent: {},
      offences: 0,
      faults: 0,
      held: {
        peers: 1,
        strangers: 0,
        gone: 0,
        behind: 1,
        records: 2,
        dialsPerSecond: 0,
        pendingDeltas: 0,
        envelopes: 0,
        envelopeBytes: 0,
        addresses: 0,
        speakers: 0,
      },
      bounds: {},
    }),
    isDraining: () => false,
    onMemberChanged: () => () => {},
    media: {
      told: () => ({ players: 9, publishers: 9, outboundKbps: 9, connections: 9, isFull: false, faults: 0 }),
      workers: () => Array.from({ length: workers }, (_, index) => view(index + 1)),
      waitingFor: null,
      figures: () => tally.figures({ bytesOut: { '': 1 } }, { queueBytes: { '': 1 } }),
      ask: { streamTotals: async (_, max) => ({ value: totals.slice(0, max), unanswered: [] }) },
    },
  };
}
