import { setTimeout as sleep } from 'node:timers/promises';
import { awaitCondition } from '@headwater/testing/await-condition';
import { BlackScreens } from '../chaos/black-screens.js';
import type { PlayerWorld } from '../chaos/chaos-player.js';
import type { Target } from '../chaos/encoder.js';
import { Encoders } from '../chaos/encoders.js';
import { type Entry, EventLog, type Violation } from '../chaos/event-log.js';
import { checkNothingIsLeft, checkNothingPlays } from '../chaos/left-over.js';
import { LoopLateness } from '../chaos/loop-lateness.js';
import { FRAME_MS } from '../chaos/made-encode.js';
import { MemberStates } from '../chaos/member-states.js';
import type { StreamPlan } from '../chaos/stream-plan.js';
import { Supply } from '../chaos/supply.js';
import { Cluster } from '../support/cluster.js';
import { Scope } from '../support/scope.js';
import { carryOut } from './carry-out.js';
import { GapJudge } from './gap-judge.js';
import { LogTally } from './log-tally.js';
import { MemberLogs } from './member-logs.js';
import { MemberTroubles, type Rolling } from './member-troubles.js';
import { MemberWatch } from './member-watch.js';
import { faultsOf, type SoakOptions, streamsOf } from './plan.js';
import { Publishers } from './publishers.js';
import { type Report, reportOf } from './report.js';
import { Visitors } from './visitors.js';

export interface RunOptions extends SoakOptions {
  /** The members' logs are kept there. */
  readonly logs?: string;
  /** What members run first, by its command; the present build where it is left out. */
  readonly program?: string;
  /** How rolling restarts go; by SIGTERM where it is left out. */
  readonly rolling?: Rolling;
  /** Gets each line of the event log as it is written. */
  readonly trace?: (line: string) => void;
}

export interface SoakResult {
  readonly report: Report;
  readonly violations: readonly Violation[];
  readonly entries: readonly Entry[];
}

const LOOK_MS = 100;
/** How often logs are taken, gaps judged and old frames let go of. */
const TIDY_MS = 1000;
/** A member may have been as late as this process at the same time, and longer. */
const BUSY_MS = 400;
const SAMPLE_MS = 10_000;
/** What players can't have any more: the longest pause, and what relays and players hold back. */
const KEEP_MS = 60_000;
const SETTLE_MS = 6000;
const STARTED_MS = 120_000;
const CALM_MS = 20_000;
const RAMP_MS_MAX = 60_000;
/** Memory is judged from here on: heaps and caches have filled. */
const WARM_MS_MAX = 600_000;
/** Default of `drain.deadlineMs`. */
const DRAIN_MS = 5000;
/** The longest that a member hangs, `relay.lagMs`, and what lies between the copies of an encode. */
const REPEAT_MS = 9_000 + 1_000 + 300;
const LAG_WAITED_MS = 1000;

/** What tests set for themselves is as users have it. */
const DEFAULTS = {
  workers: null,
  limits: { handshakeMs: null },
  play: { waitMs: null },
  publish: { idleMs: null },
  drain: { deadlineMs: null },
  log: { level: 'info' },
};

/** Rejects only where the run itself could not be made. */
export async function runSoak(options: RunOptions): Promise<SoakResult> {
  const scope = new Scope();
  try {
    return await run(scope, options);
  } finally {
    await scope.close();
  }
}

async function run(scope: Scope, options: RunOptions): Promise<SoakResult> {
  const originMs = performance.now();
  const nowMs = (): number => performance.now() - originMs;
  const streams = streamsOf(options);
  const log = new EventLog(nowMs, options.trace);
  const lateness = new LoopLateness(scope, nowMs);
  const names = Array.from({ length: options.members }, (_, index) => `m${index + 1}`);
  const { program, rolling } = options;
  const cluster = await Cluster.start(scope, {
    names,
    config: DEFAULTS,
    ...(program !== undefined && { program }),
  });
  const states = new MemberStates(options.members);
  const supply = new Supply(states);
  const tally = new LogTally();
  tally.met('started', nowMs());
  const logs = new MemberLogs(cluster, tally, log, options.logs);
  const watch = new MemberWatch(cluster);
  const idleBefore = watch.now();

  const encoders = new Encoders(scope, log, supply);
  const targetOf = (index: number): Target => {
    const { name, ports } = cluster.member(index);
    return { index, name, rtmpPort: ports.rtmp };
  };
  for (const stream of streams) encoders.start(stream, targetOf);
  const publishers = new Publishers({ encoders, streams, states, members: options.members, targetOf, log });
  await started(cluster, encoders, streams);
  log.note('all publish');

  const startMs = nowMs();
  const endMs = startMs + options.minutes * 60_000;
  const planOf = new Map(streams.map((stream) => [stream.name, stream]));
  const gopMs = (name: string): number => (planOf.get(name)?.gopFrames ?? 0) * FRAME_MS.slow;
  const worldOf = (name: string): PlayerWorld => ({
    members: cluster.members,
    states,
    log,
    drainMs: DRAIN_MS,
    check: {
      encodes: encoders.encodes,
      isAlive: (encode) => supply.isAlive(encode, nowMs(), LAG_WAITED_MS),
      // Of an encode of one output there is one copy alone.
      repeatMsMax: isShared(planOf.get(name)) ? REPEAT_MS + gopMs(name) : 0,
    },
  });
  const visitors = new Visitors(options, worldOf, {
    startMs,
    rampMs: Math.min(RAMP_MS_MAX, (endMs - startMs) / 6),
  });
  const black = new BlackScreens({
    log,
    supply,
    states,
    lateness,
    ownMs: (name) => gopMs(name) + FRAME_MS.slow + LAG_WAITED_MS,
    everyMs: LOOK_MS,
  });
  const judge = new GapJudge({ supply, states, log });
  const troubles = new MemberTroubles({ cluster, states, log, ...(rolling && { rolling }) });
  const timers = [
    setInterval(() => {
      publishers.tick();
      judge.add(visitors.tick(nowMs(), (players) => black.look(players)));
    }, LOOK_MS),
    setInterval(() => {
      if (lateness.since(nowMs() - TIDY_MS) >= BUSY_MS) tally.met('machine-busy', nowMs());
      logs.take();
      judge.judge(nowMs());
      supply.forget(nowMs() - KEEP_MS);
    }, TIDY_MS),
    setInterval(() => watch.sample(nowMs()), SAMPLE_MS),
  ];
  const stop = (): void => timers.forEach(clearInterval);
  scope.defer(() => {
    stop();
    visitors.close();
  });

  const faults = await carryOut(faultsOf(options, streams), startMs, { publishers, troubles, tally, log });
  await sleep(Math.max(0, endMs - nowMs()));
  await sleep(SETTLE_MS);
  black.end();
  for (const output of encoders.outputs)
    if (!output.isPublishing)
      log.violated('publisher', output.name, 'is not accepted, though it wants to be');
  stop();
  judge.add(visitors.close());
  judge.judge();
  log.note('all players left');
  await checkNothingPlays(
    cluster,
    streams.map(({ name }) => name),
    log,
  );
  for (const output of encoders.outputs) output.end();
  log.note('all publishers closed');
  await checkNothingIsLeft(cluster, log);
  const idleAfter = await calm(watch, idleBefore);
  logs.take();
  for (const { name, exit } of cluster.members)
    if (exit !== null) log.violated('member', name, `ended: ${JSON.stringify(exit)}`);

  const report = reportOf({
    options,
    violations: log.violations,
    visitors,
    publishers,
    judge,
    faults,
    longestBlackMs: black.longestMs,
    harnessLateMs: lateness.since(startMs),
    wallMs: nowMs(),
    growth: watch.growth(Math.min(WARM_MS_MAX, (endMs - startMs) / 4)),
    idleBefore,
    idleAfter,
    tally,
  });
  return { report, violations: log.violations, entries: log.entries };
}

const isShared = (stream: StreamPlan | undefined): boolean =>
  stream?.isSame === true && stream.outputs.length > 1;

/** What members hold once nothing is left; connections of before, to the API say, get some time to end. */
async function calm(watch: MemberWatch, before: ReturnType<MemberWatch['now']>) {
  try {
    await awaitCondition(
      'no member to hold more descriptors than before',
      () =>
        Object.entries(watch.now()).every(
          ([name, { descriptors }]) => descriptors <= (before[name]?.descriptors ?? 0),
        ),
      { deadlineMs: CALM_MS, everyMs: 500 },
    );
  } catch {
    // The report tells how many there are.
  }
  return watch.now();
}

/** Waits until all publish, and every member knows of all owners. */
async function started(cluster: Cluster, encoders: Encoders, streams: readonly StreamPlan[]): Promise<void> {
  const wanted = streams.reduce((sum, { outputs }) => sum + outputs.length, 0);
  await awaitCondition(
    'all outputs to publish',
    () => encoders.outputs.every((output) => output.isPublishing),
    {
      deadlineMs: STARTED_MS,
    },
  );
  await awaitCondition(
    'every member to know all owners',
    async () => {
      for (const member of cluster.members) {
        const known = (await member.streams()).reduce((sum, { owners }) => sum + owners.length, 0);
        if (known !== wanted) return false;
      }
      return true;
    },
    { deadlineMs: STARTED_MS, everyMs: 500 },
  );
}
