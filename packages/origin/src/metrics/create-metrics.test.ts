import { spawnSync } from 'node:child_process';
import { Directory, type Liveness } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import { profileOf } from '@headwater/testing/profile-of';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './create-metrics.js';
import type { MetricsSource } from './metrics-source.js';

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

/** A member 'a' with a peer 'b' whose liveness is told, and its metrics as a scraper reads them. */
function metricsOf(more: Partial<MetricsSource> = {}) {
  const views = new Map([
    ['a', memberView('a', { isSelf: true, streams: 3 })],
    ['b', memberView('b')],
  ]);
  const listeners = new Set<(member: MemberView) => void>();
  let nowMs = 0;
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
          restarts: 4,
        },
      ],
      waitingFor: null,
      slowPlayers: () => answer({ framesDropped: { queueBytes: 3, queueMs: 4 }, playersEnded: { stuck: 1 } }),
      streamKeys: () => answer([]),
      stream: () => answer(null),
    },
    ...more,
  };
  const metrics = createMetrics(source, () => nowMs);
  return {
    metrics,
    listeners,
    text: async () => (await metrics.app.request('/metrics')).text(),
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
    ])
      expect(text.split('\n')).toContain(line);
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

  it('listens to nothing any more once it is closed', () => {
    const { metrics, listeners } = metricsOf();
    expect(listeners.size).toBe(1);
    metrics.close();
    expect(listeners.size).toBe(0);
  });

  it('is as Prometheus wants it', needs('prometheus'), async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metricsOf().text(),
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
