import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { Cluster } from '../support/cluster.js';
import type { LogLine } from '../support/origin-process.js';
import { Scope } from '../support/scope.js';
import { BlackScreens } from './black-screens.js';
import { carryOut, type World } from './carry-out.js';
import { ChaosPlayer, type PlayerWorld } from './chaos-player.js';
import type { Target } from './encoder.js';
import { Encoders } from './encoders.js';
import { EventLog, type Violation } from './event-log.js';
import { checkLogs, checkNothingIsLeft, checkNothingPlays } from './left-over.js';
import { LoopLateness } from './loop-lateness.js';
import { judgeGaps } from './lost-frames.js';
import { FRAME_MS } from './made-encode.js';
import { MemberStates } from './member-states.js';
import { type Fault, MEMBERS, type PlanOptions, planOf, WORKERS } from './plan.js';
import { checkStale } from './stale-players.js';
import type { StreamPlan } from './stream-plan.js';
import { Supply } from './supply.js';

export interface SeedOptions extends PlanOptions {
  /** Gets each line of the event log as it is written. */
  readonly trace?: (line: string) => void;
}

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** The event log. */
  readonly lines: readonly string[];
  readonly faults: number;
  readonly players: number;
  readonly frames: number;
  /** Switches to another encode that players saw. */
  readonly switches: number;
  readonly reconnects: number;
  readonly longestBlackMs: number;
  /** The harness's own worst lateness. */
  readonly lateMs: number;
  readonly wallMs: number;
  readonly memberLogs: ReadonlyMap<string, readonly LogLine[]>;
}

const LINGER_MS = 1000;
const LOOK_MS = 50;
/** After the last fault, so that what it did is seen: the longest bound. */
const SETTLE_MS = 5000;
/** `relay.lagMs`: relays wait for a lagging copy for so long. */
const LAG_WAITED_MS = 1000;
/** Above all that a held output or a member that was stopped lags behind. */
const HELD_LAG_MS = 6000;
const STARTED_MS = 20_000;

/** Runs one seed on a cluster of its own. Rejects only where the run itself could not be made. */
export async function runSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const scope = new Scope();
  try {
    return await run(scope, seed, options);
  } finally {
    await scope.close();
  }
}

async function run(scope: Scope, seed: number, options: SeedOptions): Promise<SeedResult> {
  const originMs = performance.now();
  const nowMs = (): number => performance.now() - originMs;
  const plan = planOf(seed, options);
  const log = new EventLog(nowMs, options.trace);
  const lateness = new LoopLateness(scope, nowMs);
  const cluster = await Cluster.start(scope, {
    config: {
      relay: { lingerMs: LINGER_MS },
      log: { level: 'info' },
      ...(options.workersDie === true && { workers: WORKERS }),
    },
  });
  const states = new MemberStates(MEMBERS);
  const supply = new Supply(states);
  const encoders = new Encoders(scope, log, supply);
  const targetOf = (index: number): Target => {
    const { name, ports } = cluster.member(index);
    return { index, name, rtmpPort: ports.rtmp };
  };
  for (const stream of plan.streams) encoders.start(stream, targetOf);
  for (const output of encoders.outputs)
    output.onLost((member, status) => {
      if (states.isUp(member))
        log.violated('publisher', output.name, `was disconnected by ${targetOf(member).name} ${status}`);
    });
  await started(cluster, plan.streams, encoders, supply);

  const repeats = new Map(plan.streams.map((stream) => [stream.name, repeatMs(stream, plan.faults)]));
  const worldOf = (stream: string): PlayerWorld => ({
    members: cluster.members,
    states,
    log,
    check: {
      encodes: encoders.encodes,
      isAlive: (encode) => supply.isAlive(encode, nowMs(), LAG_WAITED_MS),
      repeatMsMax: repeats.get(stream) ?? 0,
    },
  });
  const players = new Map<string, ChaosPlayer>();
  const world: World = {
    cluster,
    states,
    encoders,
    players,
    worldOf,
    log,
    targetOf,
    comebacks: [],
  };
  const black = new BlackScreens({
    log,
    supply,
    states,
    lateness,
    ownMs: (stream) => ownMs(plan.streams, stream),
  });
  const timer = setInterval(() => {
    for (const player of players.values()) player.tick();
    black.look(players.values());
  }, LOOK_MS);
  scope.defer(() => {
    clearInterval(timer);
    for (const player of players.values()) player.leave();
  });

  for (const player of plan.players)
    players.set(player.name, new ChaosPlayer(player, worldOf(player.stream)));
  await sleep(SETTLE_MS / 3);
  const startMs = nowMs();
  for (const fault of plan.faults) {
    await sleep(Math.max(0, startMs + fault.atMs - nowMs()));
    carryOut(fault, world);
  }
  await sleep(Math.max(0, startMs + plan.endMs - nowMs()));
  await Promise.all(world.comebacks);
  await sleep(SETTLE_MS);
  black.end();
  checkStale(
    players.values(),
    supply,
    log,
    (name) => lagMs(plan.streams, name) + 3 * lateness.since(nowMs() - SETTLE_MS),
  );
  clearInterval(timer);

  for (const output of encoders.outputs)
    if (!output.isPublishing)
      log.violated('publisher', output.name, 'is not accepted, though it wants to be');
  for (const player of players.values()) player.leave();
  log.note('all players left');
  judgeGaps(players.values(), supply, states, log);
  const streams = plan.streams.map(({ name }) => name);
  await checkNothingPlays(cluster, streams, log);
  for (const output of encoders.outputs) output.end();
  log.note('all publishers closed');
  await checkNothingIsLeft(cluster, log);
  checkLogs(cluster, log);

  const sum = (of: (player: ChaosPlayer) => number): number =>
    [...players.values()].reduce((total, player) => total + of(player), 0);
  return {
    seed,
    violations: log.violations,
    lines: log.lines,
    faults: plan.faults.length,
    players: players.size,
    frames: sum(({ frames }) => frames),
    switches: sum(({ switches }) => switches),
    reconnects: sum(({ reconnects }) => reconnects),
    longestBlackMs: Math.round(black.longestMs),
    lateMs: Math.round(lateness.since(startMs)),
    wallMs: Math.round(nowMs()),
    memberLogs: new Map(cluster.members.map(({ name, logs }) => [name, logs])),
  };
}

/** Waits until all publish, and every member knows of both owners. */
async function started(
  cluster: Cluster,
  streams: readonly StreamPlan[],
  encoders: Encoders,
  supply: Supply,
): Promise<void> {
  await awaitCondition(
    'all outputs to publish',
    () =>
      encoders.outputs.every((output) => output.isPublishing) &&
      streams.every(({ name }) => supply.usableSinceMs(name) !== null),
    { deadlineMs: STARTED_MS },
  );
  await awaitCondition(
    'every member to know all owners',
    async () => {
      for (const member of cluster.members) {
        for (const { name, outputs } of streams)
          if ((await member.ownerNames(name)).length !== outputs.length) return false;
      }
      return true;
    },
    { deadlineMs: STARTED_MS, everyMs: 100 },
  );
}

function lagMs(streams: readonly StreamPlan[], name: string): number {
  const outputs = streams.find((each) => each.name === name)?.outputs ?? [];
  return Math.max(...outputs.map((output) => output.lagMs));
}

/** What a stream's make adds to the time that a switch may take. */
function ownMs(streams: readonly StreamPlan[], name: string): number {
  const stream = streams.find((each) => each.name === name);
  if (stream === undefined) return 0;
  const waitedMs = stream.isSame ? Math.min(LAG_WAITED_MS, lagMs(streams, name)) : 0;
  return stream.gopFrames * FRAME_MS.full + waitedMs;
}

/** How far players may be put back: as far as the copies of an encode lie apart, and one GOP, where that is too far to wait. */
function repeatMs({ name, isSame, outputs, gopFrames }: StreamPlan, faults: readonly Fault[]): number {
  if (!isSame) return 0;
  const apartMs = Math.max(...outputs.map((output) => output.lagMs));
  const isHeld = faults.some(
    (fault) => (fault.kind === 'held' && fault.output.startsWith(name)) || fault.kind === 'stopped',
  );
  if (apartMs <= LAG_WAITED_MS && !isHeld) return 0;
  return apartMs + (isHeld ? HELD_LAG_MS : 0) + gopFrames * FRAME_MS.full + LAG_WAITED_MS;
}
