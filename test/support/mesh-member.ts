import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ALL_STREAMS } from '@headwater/directory';
import { createMesh, type Mesh, type MeshLog } from '@headwater/mesh';
import type { MeshNews, MeshOrder, MeshReport, MeshStart } from './mesh-order.js';
import { monotonicMs } from './monotonic.js';

/** A member of the mesh without media, in a process of its own: what `createMesh` does, and nothing else. */
const start = JSON.parse(process.argv[2] ?? '{}') as MeshStart;
const CHURN_EVERY_MS = 10;

const sockets = new Set<Socket>();
let connectionsMade = 0;
let closedReceived = 0;
let closedSent = 0;
for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, (message) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    connectionsMade += 1;
    socket.once('close', () => {
      sockets.delete(socket);
      closedReceived += socket.bytesRead;
      closedSent += socket.bytesWritten;
    });
  });
}

const tell = (news: MeshNews): void => {
  process.send?.(news);
};
const warn = (fields: object, msg: string): void => tell({ kind: 'warned', msg, fields });
const log: MeshLog = { debug: () => {}, info: () => {}, warn, error: warn };
const address = { network: 'inside', host: start.host, rtmpPort: 1935, httpPort: 8080 };

const startedAt = monotonicMs();
const { companions = 0, zone, ...options } = start;
const startMember = (name: string, own: Partial<MeshStart>): Promise<Mesh> =>
  createMesh(
    { heartbeatMs: 800, suspectAfterMs: 1800, deadAfterMs: 900, batchMs: 3, ...options, ...own },
    {
      log,
      profile: () => ({
        name,
        role: 'origin',
        addresses: [address],
        relayAddress: address,
        draining: false,
        program: 'test',
        ...(zone !== undefined && { zone }),
      }),
    },
  );
const mesh = await startMember(start.name, {});
const members = [mesh];
for (let index = 1; index <= companions; index += 1) {
  const name = `${start.name}-${index}`;
  members.push(
    await startMember(name, {
      port: 0,
      dataDir: join(start.dataDir, name),
      seeds: [...start.seeds, `${start.host}:${mesh.port}`],
    }),
  );
}

// As an origin without anybody on it would.
for (const member of members) member.onQuestion('clients', () => ({ clients: [] }));

let changes = 0;
let awaited = -1;
let awaitingSince = startedAt;
const count = (): void => {
  if (mesh.directory.streamCount !== awaited) return;
  tell({ kind: 'counted', count: awaited, at: Math.max(awaitingSince, monotonicMs()) });
  awaited = -1;
};
mesh.onOwnersChanged((key) => {
  changes += 1;
  count();
  if (!key.includes('watched')) return;
  const owners = mesh.directory.owners(key).map(({ profile }) => profile.name);
  tell({ kind: 'owners', key, owners, at: monotonicMs() });
}, ALL_STREAMS);
mesh.onMemberChanged(({ profile, id, liveness }) =>
  tell({ kind: 'member', name: profile?.name ?? id, liveness, at: monotonicMs() }),
);

const OTHERS_LOOK_MS = 250;

function awaitOthers(count: number): void {
  const looking = setInterval(() => {
    const others = mesh
      .members()
      .filter(({ isSelf, liveness, connected }) => !isSelf && liveness === 'alive' && connected);
    const { joined, synced } = mesh.status();
    if (others.length < count || !joined || !synced) return;
    clearInterval(looking);
    tell({ kind: 'whole', at: monotonicMs() });
  }, OTHERS_LOOK_MS);
}

let churning: NodeJS.Timeout | undefined;
let churned = 0;
function churn(claimsPerSecond: number): void {
  clearInterval(churning);
  if (claimsPerSecond === 0) return;
  const sinceMs = performance.now();
  const before = churned;
  churning = setInterval(() => {
    const due = before + ((performance.now() - sinceMs) / 1000) * claimsPerSecond;
    for (; churned < due; churned += 1) {
      const owner = churned % members.length;
      const key = `v/churn/${start.name}-${churned % (200 * members.length)}`;
      members[owner]?.claim({ key, sinceMs: churned, media: {} });
    }
  }, CHURN_EVERY_MS);
}

const delays = monitorEventLoopDelay({ resolution: 1 });
const received = (): number => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, closedReceived);
const sent = (): number => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, closedSent);
let base = { at: monotonicMs(), cpu: process.cpuUsage(), received: received(), sent: sent() };

function report(): MeshReport {
  const { user, system } = process.cpuUsage(base.cpu);
  const elapsedMs = monotonicMs() - base.at;
  const loopDelayMs = {
    p50: delays.percentile(50) / 1e6,
    p99: delays.percentile(99) / 1e6,
    max: delays.max / 1e6,
  };
  global.gc?.();
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const inAll = process.cpuUsage();
  const { joined, synced } = mesh.status();
  return {
    streams: mesh.directory.streamCount,
    alive: namesOf(mesh, (member) => member.liveness === 'alive' && (member.isSelf || member.connected)),
    isReady: joined && synced,
    directory: mesh.directory.streamCount > 5000 ? '' : directoryText(mesh),
    heapBytes: heapUsed + external,
    elapsedMs,
    changes,
    cpuMs: (user + system) / 1000,
    connectionsMade,
    cpuMsInAll: (inAll.user + inAll.system) / 1000,
    receivedBytes: received() - base.received,
    sentBytes: sent() - base.sent,
    loopDelayMs,
  };
}

function namesOf(of: Mesh, matches: (member: ReturnType<Mesh['members']>[number]) => boolean): string[] {
  return of
    .members()
    .filter(matches)
    .map(({ profile, id }) => profile?.name ?? id)
    .sort();
}

function directoryText({ directory }: Mesh): string {
  const lines = [...directory.streams()].map((key) => {
    const owners = directory.owners(key).map(({ profile, claim }) => `${profile.name}@${claim.sinceMs}`);
    return `${key}: ${owners.join(', ')}`;
  });
  return lines.sort().join('\n');
}

async function obey(order: MeshOrder): Promise<void> {
  switch (order.kind) {
    case 'claim': {
      const at = monotonicMs();
      for (const key of order.keys) mesh.claim({ key, sinceMs: Date.now(), media: {} });
      tell({ kind: 'claimed', at });
      break;
    }
    case 'release':
      for (const key of order.keys) mesh.release(key);
      break;
    case 'churn':
      churn(order.claimsPerSecond);
      break;
    case 'await-streams':
      awaited = order.count;
      awaitingSince = monotonicMs();
      count();
      break;
    case 'await-others':
      awaitOthers(order.count);
      break;
    case 'load':
      mesh.setLoad(order.load);
      break;
    case 'stall': {
      const end = performance.now() + order.stallMs;
      while (performance.now() < end);
      break;
    }
    case 'reset':
      base = { at: monotonicMs(), cpu: process.cpuUsage(), received: received(), sent: sent() };
      changes = 0;
      delays.reset();
      if (order.loopDelay) delays.enable();
      else delays.disable();
      break;
    case 'report':
      tell({ kind: 'report', ...report() });
      break;
    case 'stop':
      await Promise.all(members.map((member) => member.stop()));
      process.exit(0);
  }
}

process.on('message', (order) => void obey(order as MeshOrder));
process.on('SIGTERM', () => void obey({ kind: 'stop' }));
// Who started us is gone.
process.on('disconnect', () => process.exit(0));
tell({ kind: 'listening', id: mesh.id, port: mesh.port, startedAt });
