import { spawnSync } from 'node:child_process';
import { Directory, type Liveness } from '@headwater/directory';
import { MediaTally } from '@headwater/media';
import type { MemberView } from '@headwater/mesh';
import { profileOf } from '@headwater/testing/profile-of';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './create-metrics.js';
import type { MetricsChoice, MetricsSource } from './metrics-source.js';

function memberView(name: string, more: Partial<MemberView> = {}): MemberView {
  return {
    id: name,
    isSelf: false,
    generation: 1,
    version: 1,
    liveness: 'alive',
    profile: profileOf(name),
    load: { players: 0, publishers: 0, outboundKbps: 0 },
    streams: 0,
    connected: true,
    through: [],
    meshAddresses: [],
    rttMs: 2,
    ...more,
  };
}

const tally = new MediaTally();
const about = { id: '1', key: '__defaultVhost__/live/s1', client: '10.0.0.1:5', protocol: 'rtmp' } as const;
tally.take({ kind: 'route-given', ...about, route: 'relay', reason: 'websocket', target: 'b' });
tally.take({ kind: 'play-refused', ...about, reason: 'full' });
tally.take({ kind: 'publish-refused', ...about, reason: 'token-expired' });
tally.take({ kind: 'relay-started', key: about.key, owner: 'b', reason: 'started' });
for (const [from, isExact] of [
  [null, false],
  ['b', true],
  ['b', false],
] as const)
  tally.take({ kind: 'relay-switched', key: about.key, from, to: 'c', gapMs: 120, isExact });
tally.began({ id: '2', protocol: 'ws-flv', sinceMs: 1000 }, 1030);
tally.take({ kind: 'route-given', ...about, id: '3', route: 'wait', reason: 'not-published' });
tally.began({ id: '3', protocol: 'ws-flv', sinceMs: 1000 }, 99_000);
tally.hookCalled('publish', 'failed', 700);
tally.add('disconnects', 'kicked');
tally.add('disconnects', 'stuck');
const FIGURES = tally.figures(
  {
    bytesIn: { publisher: 11, relay: 5, worker: 3 },
    bytesOut: { '': 70 },
    framesDropped: { 'play.queueBytesMax': 3, 'play.queueMs': 4 },
    gcSeconds: { '2 minor': 0.5 },
  },
  { players: { 'rtmp play': 4, 'rtmp relay': 1 }, queueBytes: { '': 9 }, keptBytes: { '': 70 } },
);
const STREAMS = ['s1', 's2', 's"3\\'].map((stream, index) => ({
  key: `__defaultVhost__/live/${stream}`,
  players: index,
  bytesIn: 10,
  bytesOut: 20,
}));

/** A member 'a' with a peer 'b' whose liveness is told, and its metrics as a scraper reads them. */
function metricsOf(more: Partial<MetricsSource> = {}, choice: Partial<MetricsChoice> = {}) {
  let asked = 0;
  const views = new Map([
    ['a', memberView('a', { isSelf: true, streams: 3 })],
    ['b', memberView('b')],
  ]);
  const listeners = new Set<(member: MemberView) => void>();
  let nowMs = 0;
  let workerCpuSeconds = 12.5;
  const answer = <T>(value: T) => Promise.resolve({ value, unanswered: [] });
  const source: MetricsSource = {
    directory: new Directory('a', profileOf('a'), { membersMax: 9, streamsPerMemberMax: 9 }),
    member: { id: 'a', name: 'a', role: 'origin' },
    members: () => [...views.values()],
    status: () => ({ joined: true, synced: true, disputed: false }),
    figures: () => ({
      received: { heartbeat: { messages: 7, bytes: 700 } },
      sent: { 'broadcast-delta': { messages: 2, bytes: 50 } },
      offences: 1,
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
      bounds: { peers: 255 },
    }),
    isDraining: () => false,
    onMemberChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    media: {
      told: () => ({
        players: 5,
        publishers: 2,
        outboundKbps: 800,
        connections: 9,
        isFull: false,
        faults: 0,
      }),
      workers: () => [
        {
          worker: 1,
          state: 'listening',
          pid: 1,
          sinceMs: 0,
          connections: 9,
          players: 5,
          publishers: 2,
          outboundKbps: 800,
          rssBytes: 1000,
          cpuSeconds: workerCpuSeconds,
          restarts: 4,
        },
      ],
      waitingFor: null,
      figures: () => FIGURES,
      ask: {
        streamTotals: (_, max) => {
          asked += 1;
          return answer(STREAMS.slice(0, max));
        },
      },
    },
    ...more,
  };
  const metrics = createMetrics(source, { streamsMax: 0, srsNames: false, ...choice }, () => nowMs);
  return {
    metrics,
    listeners,
    asked: () => asked,
    text: async () => (await metrics.app.request('/metrics')).text(),
    /** Worker 1 uses so much of a processor in so long. */
    works(seconds: number, tookMs: number) {
      workerCpuSeconds += seconds;
      nowMs += tookMs;
    },
    /** b comes to be in this state, so many ms later. */
    becomes(liveness: Liveness, laterMs: number) {
      nowMs += laterMs;
      const view = memberView('b', { liveness });
      views.set('b', view);
      for (const listener of listeners) listener(view);
    },
  };
}

describe('GET /metrics', () => {
  it('tells what the mesh and the media do', async () => {
    const text = await metricsOf().text();
    for (const line of [
      'headwater_mesh_members{state="alive"} 2',
      'headwater_mesh_members{state="dead"} 0',
      'headwater_mesh_links 1',
      'headwater_mesh_claims 3',
      'headwater_mesh_behind 1',
      'headwater_mesh_round_trip_seconds{peer="a"} 0.002',
      'headwater_mesh_messages_total{direction="received",kind="heartbeat"} 7',
      'headwater_mesh_message_bytes_total{direction="sent",kind="broadcast_delta"} 50',
      'headwater_mesh_offences_total 1',
      'headwater_mesh_held{kind="peers"} 1',
      'headwater_mesh_held_max{kind="peers"} 255',
      'headwater_players 5',
      'headwater_publishers 2',
      'headwater_connections 9',
      'headwater_outbound_bytes_per_second 100000',
      'headwater_ready 1',
      'headwater_frames_dropped_total{limit="play.queueBytesMax"} 3',
      'headwater_frames_dropped_total{limit="play.queueMs"} 4',
      'headwater_players_disconnected_total{reason="stuck"} 1',
      'headwater_worker_up{worker="1"} 1',
      'headwater_worker_restarts_total{worker="1"} 4',
      'headwater_worker_cpu_seconds_total{worker="1"} 12.5',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('tells of the event loop what was sampled, also with the first scrape, before which it is left to sleep, and one right after it', async () => {
    const lag = /^nodejs_eventloop_lag_(min|mean|p99)_seconds (\S+)$/gm;
    const { text } = metricsOf();
    for (const scraped of [await text(), await text()]) {
      const lags = [...scraped.matchAll(lag)];
      expect(lags).toHaveLength(3);
      for (const [, , seconds] of lags) {
        expect(Number(seconds)).toBeGreaterThan(0.01);
        expect(Number(seconds)).toBeLessThan(60);
      }
    }
  });

  it('reads anew at each scrape: totals do not add up, and what is gone is gone', async () => {
    const { text, becomes } = metricsOf();
    await text();
    becomes('dead', 1);
    const again = await text();
    expect(again).toContain('headwater_mesh_messages_total{direction="received",kind="heartbeat"} 7\n');
    expect(again).toContain('headwater_mesh_members{state="dead"} 1\n');
  });

  it('measures a death from the first suspicion, and counts no false alarm', async () => {
    const { text, becomes } = metricsOf();
    becomes('suspect', 0);
    becomes('alive', 100);
    becomes('suspect', 5000);
    becomes('suspect', 100);
    becomes('dead', 300);
    const after = await text();
    expect(after).toContain('headwater_mesh_detection_seconds_count 1\n');
    expect(after).toContain('headwater_mesh_detection_seconds_sum 0.4\n');
    expect(after).toContain('headwater_mesh_member_changes_total{state="suspect"} 2\n');
    expect(after).toContain('headwater_mesh_member_changes_total{state="dead"} 1\n');
  });

  it.each([
    ['draining', { isDraining: () => true }],
    ['not in step', { status: () => ({ joined: true, synced: false, disputed: false }) }],
    ['disputed', { status: () => ({ joined: true, synced: true, disputed: true }) }],
  ])('is not ready while %s', async (_, more) => {
    expect(await metricsOf(more).text()).toContain('headwater_ready 0\n');
  });

  it('tells what media did, and how long it took', async () => {
    const lines = (await metricsOf().text()).split('\n');
    for (const line of [
      'headwater_routes_total{route="relay",reason="websocket"} 1',
      'headwater_refusals_total{action="play",reason="full"} 1',
      'headwater_refusals_total{action="publish",reason="token-expired"} 1',
      'headwater_relay_starts_total{reason="started"} 1',
      'headwater_relays 1',
      'headwater_switches_total{kind="exact"} 1',
      'headwater_switches_total{kind="start"} 1',
      'headwater_switch_gap_seconds_bucket{le="0.1",kind="exact"} 0',
      'headwater_switch_gap_seconds_bucket{le="0.25",kind="exact"} 1',
      'headwater_switch_gap_seconds_count{kind="exact"} 1',
      'headwater_joins_total{protocol="ws-flv"} 2',
      'headwater_time_to_first_frame_seconds_count{protocol="ws-flv"} 1',
      'headwater_time_to_first_frame_seconds_sum{protocol="ws-flv"} 0.03',
      'headwater_hook_calls_total{event="publish",outcome="failed"} 1',
      'headwater_hook_duration_seconds_bucket{le="+Inf",event="publish"} 1',
      'headwater_received_bytes_total{source="relay"} 5',
      'headwater_sent_bytes_total 70',
      'headwater_players_by_protocol{protocol="rtmp",kind="play"} 4',
      'headwater_queue_bytes 9',
      'headwater_kept_bytes 70',
      'headwater_players_disconnected_total{reason="kicked"} 1',
      'headwater_worker_gc_seconds_total{worker="2",kind="minor"} 0.5',
    ])
      expect(lines).toContain(line);
    expect(lines.join()).not.toContain('headwater_stream_');
    expect(lines.join()).not.toContain('srs_');
  });

  it('has series of streams up to a limit, and asks once for all of them', async () => {
    const { text, asked } = metricsOf({}, { streamsMax: 2 });
    const all = await text();
    expect(all).toContain('headwater_stream_players{vhost="__defaultVhost__",app="live",stream="s2"} 1\n');
    expect(all).not.toContain('stream="s\\"3');
    expect(all).toContain('headwater_stream_series_cut 1\n');
    expect(asked()).toBe(1);
    await text();
    expect(asked()).toBe(2);
    expect(await metricsOf({}, { streamsMax: 3 }).text()).toContain('headwater_stream_series_cut 0\n');
  });

  it("tells SRS's names by choice", async () => {
    const text = await metricsOf({}, { srsNames: true }).text();
    for (const line of [
      'srs_streams 3',
      'srs_clients 7',
      'srs_send_bytes_total 70',
      'srs_receive_bytes_total 16',
      'srs_clients_total 2',
      'srs_clients_errs_total 4',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/^srs_cpu_percent [\d.]+$/m);
    expect(text).toMatch(/^srs_memory \d+$/m);
  });

  it("tells under SRS's name what all processes use of a core", async () => {
    const { text, works } = metricsOf({}, { srsNames: true });
    const percent = async () => Number(/^srs_cpu_percent (\S+)$/m.exec(await text())?.[1]);
    await percent();
    works(300, 100_000);
    const used = await percent();
    expect(used).toBeGreaterThanOrEqual(300);
    // Of the worker's alone that is all; this process has not used 100 s since.
    expect(used).toBeLessThan(400);
  });

  it('listens to nothing any more once it is closed', () => {
    const { metrics, listeners } = metricsOf();
    expect(listeners.size).toBe(1);
    metrics.close();
    expect(listeners.size).toBe(0);
  });

  it('is as Prometheus wants it', needs('prometheus'), async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metricsOf({}, { streamsMax: 9 }).text(),
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
