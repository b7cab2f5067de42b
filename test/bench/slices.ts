import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PlayRequest, route, type StreamKey } from '@headwater/directory';
import { createMesh, type Mesh } from '@headwater/mesh';
import { type ApiSource, createApi, EventLog } from '@headwater/origin/api';
import { awaitCondition } from '@headwater/testing/await-condition';
import { freePort } from '../support/free-port.js';
import { MeshProcess } from '../support/mesh-process.js';
import { whole } from '../support/options.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { LoopWatch } from './loop-watch.js';
import { profileOf } from './route-rate.js';
import { sliceOfPlayers } from './slices-players.js';

const FILL_MS = 120_000;
/** The one mesh key of all members of this bench. */
const KEY = 'of test members only, and 32 bytes long';
const OWNERS = 4;

/**
 * How long anything holds the event loop of one member, and how long a route waits meanwhile, where there are many streams
 * and many players of one: the measured member (mesh, directory, play desk, API) is this process, its owners are others.
 */
export const slices = bench(
  'how long the event loop is held, and how long a route waits, with many streams and many players of one',
  {
    streams: whole('streams of all members together', { default: 100_000, min: OWNERS }),
    players: whole('players of one stream', { default: 9000, min: 1 }),
  },
  (scope, { streams, players }) => measureAll(scope, streams, players),
);

async function measureAll(scope: Scope, streams: number, players: number): Promise<object> {
  const each = Math.floor(streams / OWNERS);
  const seedPort = await freePort(scope);
  const owners: MeshProcess[] = [];
  for (let index = 0; index < OWNERS; index += 1) {
    // The last one is alone until it is introduced, with all that it owns.
    const options = index === 0 ? { port: seedPort } : { seeds: [`127.0.0.1:${seedPort}`] };
    const owner = await MeshProcess.spawn(scope, `owner-${index}`, index === OWNERS - 1 ? {} : options);
    await owner.listening();
    owner.order({ kind: 'await-streams', count: index === OWNERS - 1 ? each : (OWNERS - 1) * each });
    owner.order({ kind: 'claim', keys: keysOf(owner.name, each) });
    owners.push(owner);
  }
  const [first, last] = [owners[0]!, owners.at(-1)!];
  await Promise.all(owners.map((owner) => owner.told('counted', () => true, FILL_MS)));

  const mesh = await startMesh(scope, seedPort);
  const { directory } = mesh;
  const requests = keysOf(first.name, 1000).map(playOf);
  let asked = 0;
  const watch = new LoopWatch(() => {
    asked += 1;
    route(directory, requests[asked % requests.length]!);
  });
  const until = (what: string, holds: () => boolean) => () =>
    awaitCondition(what, () => holds() || undefined, { deadlineMs: FILL_MS, everyMs: 5 }).then(() => {});
  const has = (count: number) => until(`${count} streams`, () => directory.streamCount === count);
  const isLast = (liveness: string) => () =>
    [...mesh.members()].find(({ profile }) => profile?.name === last.name)?.liveness === liveness;
  const figures: Record<string, object> = {};
  const measure = async (what: string, work: () => Promise<void>): Promise<void> => {
    figures[what] = await watch.during(work);
    await sleep(500);
  };

  await measure(`joins a mesh of ${(OWNERS - 1) * each}`, has((OWNERS - 1) * each));
  await measure('idle', () => sleep(2000));
  const introducer = await MeshProcess.spawn(scope, 'introducer', {
    seeds: [`127.0.0.1:${seedPort}`, `127.0.0.1:${last.port}`],
  });
  await measure(`a member of ${each} joins`, has(OWNERS * each));
  await introducer.kill();
  last.signal('SIGSTOP');
  await measure('it is suspected', until('it to be suspect', isLast('suspect')));
  last.signal('SIGCONT');
  await measure('it is alive again', until('it to be alive', isLast('alive')));
  await measure('it dies', async () => {
    await last.kill();
    await has((OWNERS - 1) * each)();
    await sleep(200);
  });
  await last.restart();
  last.order({ kind: 'claim', keys: keysOf(last.name, each) });
  await measure('it starts anew, and claims all again', has(OWNERS * each));
  // A start that nobody saw the end of: all its claims are void at once.
  await measure('it starts anew once more', async () => {
    await last.kill();
    await last.restart();
    await has((OWNERS - 1) * each)();
    await sleep(200);
  });

  Object.assign(figures, await pagesOf(mesh, watch, first));

  const own = keysOf('own', each);
  for (let at = 0; at < own.length; at += 10) {
    for (const key of own.slice(at, at + 10)) mesh.claim({ key, sinceMs: at, media: {} });
    await new Promise(setImmediate);
  }
  await sleep(2000);
  const joiner = await MeshProcess.spawn(scope, 'joiner', { seeds: [`127.0.0.1:${seedPort}`] });
  await joiner.listening();
  joiner.order({ kind: 'await-streams', count: directory.streamCount });
  await measure(`serves its own ${each} to one that joins`, async () => {
    await joiner.told('counted', () => true, FILL_MS);
  });
  Object.assign(figures, await sliceOfPlayers(scope, mesh, watch, players, [first, owners[1]!]));
  return {
    what: 'how long the event loop of one member is held, and how long a route waits; loopback, owners in other processes',
    reach: { longestBlockMs: 20, routeP99Ms: 2 },
    streams,
    players,
    ...figures,
  };
}

async function pagesOf(mesh: Mesh, watch: LoopWatch, owner: MeshProcess): Promise<Record<string, object>> {
  const api = createApi(apiSourceOf(mesh), (error) => {
    throw error;
  });
  const paths: Readonly<Record<string, string>> = {
    'a page of 100 streams': '/api/v1/streams',
    'a page of 1000 streams': '/api/v1/streams?limit=1000',
    'a page of one owner': `/api/v1/streams?owner=${owner.name}`,
    'a page that looks at all streams and finds none': '/api/v1/streams?owner=nobody',
    'a page of a prefix': `/api/v1/streams?prefix=live/${owner.name}-0001`,
    'a page of an app that is none': '/api/v1/streams?app=none',
  };
  const figures: Record<string, object> = {};
  // The first one compiles what the others use.
  await api.request('/api/v1/streams?limit=1');
  for (const [what, path] of Object.entries(paths)) {
    let count = 0;
    const watched = await watch.during(async () => {
      const { streams } = (await (await api.request(path)).json()) as { streams: unknown[] };
      count = streams.length;
    });
    figures[what] = { ...watched, found: count };
  }
  return figures;
}

function apiSourceOf(mesh: Mesh): ApiSource {
  return {
    name: 'slices',
    mesh: {
      ask: async (member) => ({ member, reason: 'not-supported' }),
      askAll: async () => ({ answers: [], missing: [] }),
    },
    events: new EventLog('slices', Date.now),
    meshEvents: { log: new EventLog('slices-mesh', Date.now), watch: () => () => {} },
    directory: mesh.directory,
    members: () => mesh.members(),
    status: () => mesh.status(),
    isDraining: () => false,
    media: {
      told: () => ({ players: 0, publishers: 0, outboundKbps: 0, connections: 0, isFull: false, faults: 0 }),
      workers: () => [],
      waitingFor: null,
      ask: {
        streamKeys: async () => ({ value: [], unanswered: [] }),
        stream: async () => ({ value: null, unanswered: [] }),
        playerCounts: async (keys) => ({ value: keys.map(() => 0), unanswered: [] }),
        clients: async () => ({ value: [], unanswered: [] }),
      },
    },
    route: (request) => route(mesh.directory, { ...request, mode: 'auto' }),
    access: () => ({ operateTokens: [], readTokens: [], hosts: [], cors: [] }),
    resolveVhost: () => '__defaultVhost__',
  };
}

async function startMesh(scope: Scope, seedPort: number): Promise<Mesh> {
  const dataDir = mkdtempSync(join(tmpdir(), 'headwater-slices-'));
  scope.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const mesh = await createMesh(
    {
      host: '127.0.0.1',
      port: 0,
      seeds: [`127.0.0.1:${seedPort}`],
      key: KEY,
      dataDir,
      heartbeatMs: 800,
      suspectAfterMs: 1800,
      deadAfterMs: 900,
      batchMs: 3,
    },
    { log: quiet, profile: () => profileOf(0) },
  );
  scope.defer(() => mesh.stop());
  return mesh;
}

/** As long as real keys are: 40 characters. */
const keysOf = (prefix: string, count: number): StreamKey[] =>
  Array.from(
    { length: count },
    (_, index) => `__defaultVhost__/live/${prefix}-${String(index).padStart(8, '0')}`,
  );

const playOf = (key: StreamKey): PlayRequest => ({
  key,
  protocol: 'http-flv',
  followsRedirect: true,
  mark: 'none',
  mode: 'auto',
});
