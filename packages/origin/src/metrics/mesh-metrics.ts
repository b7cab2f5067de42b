import type { Liveness } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import { Counter, Histogram, type Registry } from 'prom-client';
import { counter, gauge } from './live-metric.js';
import type { MetricsSource } from './metrics-source.js';

const STATES: readonly Liveness[] = ['alive', 'unreachable', 'suspect', 'dead', 'left'];

/** Of the time from the first suspicion to the verdict, s. */
const DETECTION_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10];

/** The mesh as this member sees it. Returns how to stop listening to it. */
export function meshMetrics(registry: Registry, source: MetricsSource, now: () => number): () => void {
  gauge(
    registry,
    {
      name: 'headwater_mesh_members',
      help: 'Members by what this one believes of them, itself included.',
      labels: ['state'],
    },
    () => {
      const members = source.members();
      return STATES.map(
        (state) => [members.filter(({ liveness }) => liveness === state).length, { state }] as const,
      );
    },
  );
  gauge(
    registry,
    { name: 'headwater_mesh_links', help: 'Members that this one has a connection with.' },
    () => [[source.members().filter(({ isSelf, connected }) => connected && !isSelf).length]],
  );
  gauge(
    registry,
    {
      name: 'headwater_mesh_round_trip_seconds',
      help: 'Last round trip of a heartbeat to each connected member.',
      labels: ['peer'],
    },
    () =>
      source
        .members()
        .flatMap((member) =>
          member.rttMs === undefined || !member.connected
            ? []
            : [[member.rttMs / 1000, { peer: nameOf(member) }] as const],
        ),
  );
  gauge(
    registry,
    { name: 'headwater_mesh_streams', help: 'Streams with a live owner anywhere in the mesh.' },
    () => [[source.directory.streamCount]],
  );
  gauge(registry, { name: 'headwater_mesh_claims', help: 'Streams that this member owns.' }, () => [
    [source.members().find(({ isSelf }) => isSelf)?.streams ?? 0],
  ]);
  gauge(
    registry,
    { name: 'headwater_mesh_behind', help: 'Members whose log goes on beyond what this one holds of it.' },
    () => [[source.figures().held.behind]],
  );
  gauge(registry, { name: 'headwater_mesh_joined', help: '1: joined and in step with the mesh.' }, () => {
    const { joined, synced } = source.status();
    return [[Number(joined && synced)]];
  });
  gauge(
    registry,
    { name: 'headwater_mesh_disputed', help: '1: another process runs with the identity of this member.' },
    () => [[Number(source.status().disputed)]],
  );
  heldMetrics(registry, source);
  messageMetrics(registry, source);
  return changeMetrics(registry, source, now);
}

function heldMetrics(registry: Registry, source: MetricsSource): void {
  gauge(
    registry,
    { name: 'headwater_mesh_held', help: 'What this member holds for others, by kind.', labels: ['kind'] },
    () => {
      const { held, network } = source.figures();
      return Object.entries({ ...held, ...network }).map(
        ([kind, value]) => [value, { kind: snake(kind) }] as const,
      );
    },
  );
  gauge(
    registry,
    { name: 'headwater_mesh_held_max', help: 'The bound of headwater_mesh_held.', labels: ['kind'] },
    () =>
      Object.entries(source.figures().bounds).map(([kind, value]) => [value, { kind: snake(kind) }] as const),
  );
}

function messageMetrics(registry: Registry, source: MetricsSource): void {
  const totals = (unit: 'messages' | 'bytes') => () => {
    const { received, sent } = source.figures();
    return Object.entries({ received, sent }).flatMap(([direction, byKind]) =>
      Object.entries(byKind).map(([kind, total]) => [total[unit], { direction, kind: snake(kind) }] as const),
    );
  };
  const labels = ['direction', 'kind'] as const;
  counter(
    registry,
    { name: 'headwater_mesh_messages_total', help: 'Messages of the mesh, by direction and kind.', labels },
    totals('messages'),
  );
  counter(
    registry,
    { name: 'headwater_mesh_message_bytes_total', help: 'Bytes of them, before encryption.', labels },
    totals('bytes'),
  );
  counter(
    registry,
    { name: 'headwater_mesh_offences_total', help: 'Messages that were malformed, forged or over a limit.' },
    () => [[source.figures().offences]],
  );
  counter(
    registry,
    {
      name: 'headwater_mesh_faults_total',
      help: 'Connections with members that a fault of this program ended.',
    },
    () => [[source.figures().faults]],
  );
}

/** What members' liveness went through; how long it took to be sure of a death. */
function changeMetrics(registry: Registry, source: MetricsSource, now: () => number): () => void {
  const changes = new Counter({
    name: 'headwater_mesh_member_changes_total',
    help: 'How often a member came to be in a state, in the eyes of this one.',
    labelNames: ['state'],
    registers: [registry],
  });
  for (const state of STATES) changes.inc({ state }, 0);
  const detection = new Histogram({
    name: 'headwater_mesh_detection_seconds',
    help: 'From the first suspicion of a member until it was held for dead.',
    buckets: DETECTION_BUCKETS,
    registers: [registry],
  });
  const last = new Map<string, Liveness>(source.members().map(({ id, liveness }) => [id, liveness]));
  const suspectedAt = new Map<string, number>();
  return source.onMemberChanged(({ id, liveness, isSelf }) => {
    if (isSelf || last.get(id) === liveness) return;
    last.set(id, liveness);
    changes.inc({ state: liveness });
    const since = suspectedAt.get(id);
    if (liveness === 'suspect') suspectedAt.set(id, since ?? now());
    else suspectedAt.delete(id);
    if (liveness === 'dead' && since !== undefined) detection.observe((now() - since) / 1000);
    // Whoever is gone will be forgotten without a word.
    if (liveness === 'dead' || liveness === 'left') last.delete(id);
  });
}

const nameOf = ({ profile, id }: MemberView): string => profile?.name ?? id;

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('-', '_');
