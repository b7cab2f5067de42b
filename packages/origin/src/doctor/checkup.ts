import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import type { MemberId } from '@headwater/directory';
import * as v from 'valibot';
import type { OriginConfig } from '../config/origin-config.js';
import { openFiles } from '../open-files.js';
import type { WorkerView } from '../plane/media-plane.js';
import { PROGRAM_VERSION } from '../version.js';
import type { DiskRoom } from './disk-room.js';

/** How long a connection to another member may take, ms: less than what a question may. */
const REACH_MS = 1_000;
/** Addresses that are tried at once, and in all. */
const TRIED_MAX = 256;

const COUNT = v.pipe(v.number(), v.minValue(0));

/** What a member finds out about itself. */
export const CHECKUP = v.object({
  /** Its clock, Unix ms. */
  nowMs: v.number(),
  program: v.string(),
  node: v.string(),
  /** Absent where the system does not tell. */
  filesMax: v.exactOptional(COUNT),
  filesOpen: v.exactOptional(COUNT),
  connectionsMax: COUNT,
  /** Of the file system that `dataDir` is on. */
  diskFreeBytes: v.exactOptional(COUNT),
  diskBytes: v.exactOptional(COUNT),
  waitingFor: v.exactOptional(v.string()),
  disputed: v.boolean(),
  /** Workers that take no connections; absent from members of an older release. */
  workersDown: v.exactOptional(
    v.pipe(v.array(v.object({ worker: COUNT, why: v.string() })), v.maxLength(TRIED_MAX)),
  ),
  /** Seeds that took no connection, and those that did though no member is connected. */
  seedsUnreached: v.pipe(v.array(v.string()), v.maxLength(TRIED_MAX)),
  seedsForeign: v.pipe(v.array(v.string()), v.maxLength(TRIED_MAX)),
  /** Addresses at which other members say that they are pulled from, and at which this one reached nobody. */
  unreached: v.pipe(v.array(v.object({ member: v.string(), address: v.string() })), v.maxLength(TRIED_MAX)),
  /** What should be alike on all members, by key; secrets as a digest that only this mesh can make. */
  settings: v.record(v.string(), v.string()),
});

export type Checkup = v.InferOutput<typeof CHECKUP>;

export interface CheckedMember {
  readonly config: OriginConfig;
  /** Of the file system that `dataDir` is on; absent: not looked at. */
  readonly disk?: DiskRoom;
  /** Other members that count as there, with `host:port` of where they are pulled from; null: unknown. */
  others(): readonly {
    readonly member: MemberId;
    readonly address: string | null;
    readonly connected: boolean;
  }[];
  /** Whether a seed leads to this member itself: one file with all seeds serves on every member. */
  isOwnSeed(seed: string): boolean;
  status(): { readonly waitingFor?: string; readonly disputed: boolean };
  workers(): readonly Pick<WorkerView, 'worker' | 'state' | 'lastEnd'>[];
}

/** Looks at this member, and at whom it reaches. Takes a second at most, and never rejects. */
export async function checkUp(checked: CheckedMember): Promise<Checkup> {
  const { config, disk: room, others, isOwnSeed, status, workers } = checked;
  const known = others();
  const addresses = known.flatMap(({ member, address }) => (address === null ? [] : [{ member, address }]));
  const seeds = config.mesh.seeds.filter((seed) => !isOwnSeed(seed));
  const [files, disk, seedsReached, reached] = await Promise.all([
    openFiles(),
    room?.look() ?? null,
    Promise.all(seeds.slice(0, TRIED_MAX).map(takesConnections)),
    Promise.all(addresses.slice(0, TRIED_MAX).map(({ address }) => takesConnections(address))),
  ]);
  const { waitingFor, disputed } = status();
  const isAlone = !known.some(({ connected }) => connected);
  return {
    nowMs: Date.now(),
    program: PROGRAM_VERSION,
    node: process.version,
    ...files,
    connectionsMax: config.limits.connectionsMax,
    ...(disk !== null && { diskFreeBytes: disk.freeBytes, diskBytes: disk.bytes }),
    ...(waitingFor !== undefined && { waitingFor }),
    disputed,
    workersDown: workers()
      .filter(({ state }) => state !== 'listening')
      .slice(0, TRIED_MAX)
      .map(({ worker, state, lastEnd }) => ({ worker, why: lastEnd ?? state })),
    seedsUnreached: seeds.filter((_, index) => seedsReached[index] === false),
    seedsForeign: isAlone ? seeds.filter((_, index) => seedsReached[index] === true) : [],
    unreached: addresses.slice(0, TRIED_MAX).filter((_, index) => reached[index] === false),
    settings: settingsOf(config),
  };
}

/** Never rejects. */
function takesConnections(address: string): Promise<boolean> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (host === '') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const end = (isReached: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReached);
    };
    const timer = setTimeout(() => end(false), REACH_MS);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** What should be alike on all members: where it is not, a play gets another answer here than there. */
function settingsOf(config: OriginConfig): Readonly<Record<string, string>> {
  const { role, mesh, play, publish, relay, vhosts, apps } = config;
  const [key = ''] = mesh.key ?? [];
  const digest = (value: unknown): string =>
    createHmac('sha256', `headwater doctor ${key}`).update(JSON.stringify(value)).digest('hex').slice(0, 16);
  return {
    'play.order': play.order,
    // Edges relay where origins redirect, on purpose: they are compared among themselves.
    [role === 'edge' ? 'play.mode of edges' : 'play.mode']: play.mode,
    'publish.policy': publish.policy,
    'relay.tls': String(relay.tls),
    'relay.tree': String(relay.tree),
    vhosts: [...vhosts].sort().join(', '),
    'mesh.heartbeatMs': String(mesh.heartbeatMs),
    'mesh.suspectAfterMs': String(mesh.suspectAfterMs),
    'mesh.deadAfterMs': String(mesh.deadAfterMs),
    'play.auth': digest(play.auth),
    'publish.auth': digest(publish.auth),
    apps: digest(apps),
  };
}
