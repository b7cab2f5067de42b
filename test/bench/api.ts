import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Directory, type MemberProfile, OwnLog, route } from '@headwater/directory';
import { createMesh, type Mesh } from '@headwater/mesh';
import { type ApiSource, createApi, EventLog } from '@headwater/origin/api';
import { awaitCondition } from '@headwater/testing/await-condition';
import { MeshProcess } from '../support/mesh-process.js';
import { whole } from '../support/options.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { profileOf } from './route-rate.js';

const KEY = 'of the api bench, which is 32 bytes long';
/** Members in one process. */
const TOGETHER = 7;
const OWNERS = 3;

/** What it takes any member to answer for all. */
export const api = bench(
  'a page of many streams, filtered; and a question to all members, one of which hangs',
  {
    streams: whole('streams', { default: 100_000, min: 100 }),
    members: whole('members', { default: 30, min: 3 }),
    runs: whole('times each is asked', { default: 20, min: 1 }),
  },
  async (scope, { streams, members, runs }) => ({
    what: 'time from a request to its answer, ms, in the process of the member that is asked',
    reach: { pageMs: 20, questionMs: 1000 },
    page: await pages(streams, runs),
    question: await questions(scope, members, runs),
  }),
);

async function pages(streams: number, runs: number): Promise<object> {
  const directory = new Directory('id-self', named('self'), {
    membersMax: OWNERS + 1,
    streamsPerMemberMax: streams,
  });
  const each = Math.ceil(streams / OWNERS);
  for (let owner = 0; owner < OWNERS; owner += 1) {
    const log = new OwnLog(`id-${owner}`, 1, streams);
    log.setProfile(named(`owner-${owner}`));
    for (let index = 0; index < each; index += 1)
      log.claim({
        key: `__defaultVhost__/live/owner-${owner}-${String(index).padStart(6, '0')}`,
        sinceMs: index,
        media: {},
      });
    directory.replace(log.snapshot());
  }
  const app = createApi(sourceOf(directory), (error) => {
    throw error;
  });
  const figures: Record<string, object> = {};
  for (const [what, query] of Object.entries({
    'the first page': '',
    'of one owner': '&owner=owner-2',
    'of a prefix': '&prefix=live/owner-1-000',
    'of one owner, silent ones: there are none': '&owner=owner-2&state=silent',
    'silent ones: there are none': '&state=silent',
    'of a member that owns none': '&owner=nobody',
    'of an app that is none': '&app=none',
    'unowned ones: there are none': '&state=unowned',
  })) {
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const start = performance.now();
      await (await app.request(`/api/v1/streams?limit=100${query}`)).text();
      times.push(performance.now() - start);
    }
    figures[what] = spreadOf(times);
  }
  return figures;
}

async function questions(scope: Scope, members: number, runs: number): Promise<object> {
  const mesh = await startMesh(scope);
  const seeds = [`127.0.0.1:${mesh.port}`];
  const own = { key: KEY, seeds };
  // One after the other: a disk that keeps up with all of them at once is not what is measured.
  const there = (count: number): Promise<unknown> =>
    awaitCondition(
      `${count} members`,
      () =>
        mesh.members().filter(({ liveness, connected }) => liveness === 'alive' && connected).length >= count,
      {
        deadlineMs: 300_000,
        instead: () =>
          mesh
            .members()
            .map(({ profile, liveness, connected }) => `${profile?.name} ${liveness} ${connected}`),
      },
    );
  const hung = await MeshProcess.spawn(scope, 'hung', own);
  await there(2);
  for (let count = 2, group = 0; count < members; group += 1) {
    const size = Math.min(TOGETHER, members - count);
    await MeshProcess.spawn(scope, `group-${group}`, { ...own, companions: size - 1 });
    count += size;
    await there(count);
  }
  const ask = async (): Promise<{ readonly tookMs: number; readonly missing: readonly string[] }> => {
    const start = performance.now();
    const { missing } = await mesh.askAll('clients', { after: '', max: 101 });
    return {
      tookMs: performance.now() - start,
      missing: missing.map(({ member, reason }) => `${mesh.member(member)?.profile?.name}: ${reason}`),
    };
  };
  const timesOf = async (): Promise<object> => {
    const answers = [];
    for (let run = 0; run < runs; run += 1) answers.push(await ask());
    return {
      ...spreadOf(answers.map(({ tookMs }) => tookMs)),
      missing: [...new Set(answers.flatMap(({ missing }) => missing))],
    };
  };
  const allThere = await timesOf();
  hung.signal('SIGSTOP');
  const oneHangs = await timesOf();
  hung.signal('SIGCONT');
  return { members, allThere, oneHangs };
}

async function startMesh(scope: Scope): Promise<Mesh> {
  const dataDir = mkdtempSync(join(tmpdir(), 'headwater-api-'));
  scope.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const mesh = await createMesh(
    {
      host: '127.0.0.1',
      port: 0,
      seeds: [],
      key: KEY,
      dataDir,
      heartbeatMs: 800,
      // Only this one is not to give the hung one up meanwhile.
      suspectAfterMs: 600_000,
      deadAfterMs: 600_000,
      batchMs: 3,
    },
    { log: quiet, profile: () => named('asker') },
  );
  scope.defer(() => mesh.stop());
  mesh.onQuestion('clients', () => ({ clients: [] }));
  return mesh;
}

function sourceOf(directory: Directory): ApiSource {
  const none = async () => ({ value: [], unanswered: [] });
  return {
    name: 'bench',
    mesh: {
      ask: async (member) => ({ member, reason: 'not-supported' }),
      askAll: async () => ({ answers: [], missing: [] }),
    },
    events: new EventLog('bench', Date.now),
    meshEvents: { log: new EventLog('bench-mesh', Date.now), watch: () => () => {} },
    directory,
    members: () => [],
    status: () => ({ joined: true, synced: true, disputed: false }),
    isDraining: () => false,
    media: {
      told: () => ({ players: 0, publishers: 0, outboundKbps: 0, connections: 0, isFull: false, faults: 0 }),
      workers: () => [],
      waitingFor: null,
      ask: {
        streamKeys: none,
        stream: async () => ({ value: null, unanswered: [] }),
        playerCounts: async (keys) => ({ value: keys.map(() => 0), unanswered: [] }),
        clients: none,
      },
    },
    route: (request) => route(directory, { ...request, mode: 'auto' }),
    access: () => ({ operateTokens: [], readTokens: [], hosts: [], cors: [] }),
    resolveVhost: () => '__defaultVhost__',
  };
}

const named = (name: string): MemberProfile => ({ ...profileOf(0), name });
