import { Random } from '@headwater/testing/random';
import type { Close } from '../chaos/encoder.js';
import type { PlayerPlan } from '../chaos/plan.js';
import { PROTOCOLS } from '../chaos/play-link.js';
import type { StreamPlan } from '../chaos/stream-plan.js';

export interface SoakOptions {
  readonly seed: number;
  readonly members: number;
  readonly streams: number;
  /** So many at any time; each leaves after a while, and another one comes. */
  readonly players: number;
  readonly minutes: number;
  readonly faultEverySeconds: number;
  readonly rollings: number;
  /** Nothing else happens to members and encoders than rolling restarts. */
  readonly isCalm?: boolean;
}

/** A member is killed with all its processes, hangs with all of them, is restarted as by `systemctl`, or loses a worker. */
export type MemberTrouble =
  | { readonly kind: 'killed' | 'hung'; readonly member: number; readonly lastsMs: number }
  | { readonly kind: 'restarted' | 'worker-killed'; readonly member: number };

export type SoakFault =
  | MemberTrouble
  /** Every member, one after the other. */
  | { readonly kind: 'rolling-restart' }
  | { readonly kind: 'silent'; readonly output: string; readonly lastsMs: number }
  | { readonly kind: 'closed'; readonly output: string; readonly lastsMs: number; readonly how: Close }
  /** `rank`: which of the members that can take it then. */
  | { readonly kind: 'moved'; readonly output: string; readonly rank: number };

export type TimedFault = { readonly atMs: number } & SoakFault;

/** One play: how long it lasts, and how long it is until the next one of this slot. */
export interface Visit {
  readonly player: PlayerPlan;
  readonly lastsMs: number;
  readonly awayMs: number;
}

const GOP_FRAMES = [5, 12] as const;
/** Of the streams that are backed up, so many carry different encodes. */
const DIFFERENT_SHARE = 0.25;
const BLINK_MS = [2_000, 9_000] as const;
const VISIT_MS = [15_000, 180_000] as const;
const AWAY_MS = [100, 3_000] as const;
const MOVE_EVERY_MS = [8_000, 20_000] as const;
/** So many plays are of the first tenth of the streams. */
const HOT_SHARE = 0.4;

/** Half of them have an owner alone, the other half two, some of these with different encodes. */
export function streamsOf({ seed, streams, members }: SoakOptions): readonly StreamPlan[] {
  return Array.from({ length: streams }, (_, index): StreamPlan => {
    const random = Random.forIndex(seed, index);
    const isBackedUp = index % 2 === 1 && members > 1;
    const isSame = !isBackedUp || !random.chance(DIFFERENT_SHARE);
    const name = `live/s${index + 1}`;
    const owners = random.shuffled(Array.from({ length: members }, (_member, owner) => owner));
    const outputs = owners.slice(0, isBackedUp ? 2 : 1).map((member, output) => ({
      name: `${name} output ${output + 1}`,
      member,
      clockMs: random.chance(0.5) ? 0 : random.whole(0, 90_000),
      lagMs: output === 0 ? 0 : random.whole(0, 300),
    }));
    return { name, isSame, gopFrames: random.whole(...GOP_FRAMES), pace: 'slow', outputs };
  });
}

/** All that is done to members and encoders, by time, ms since players play. */
export function faultsOf(options: SoakOptions, streams: readonly StreamPlan[]): readonly TimedFault[] {
  const random = new Random(options.seed ^ 0x50a4);
  const [troubles, moves] = [random.fork(), random.fork()];
  const { isCalm = false } = options;
  const endMs = options.minutes * 60_000;
  const everyMs = options.faultEverySeconds * 1000;
  const outputs = streams.flatMap((stream) => stream.outputs.map(({ name }) => name));
  const faults: TimedFault[] = [];
  for (let atMs = 0; !isCalm && atMs + everyMs <= endMs; atMs += everyMs)
    faults.push({
      atMs: Math.round(atMs + everyMs * troubles.between(0.2, 0.6)),
      ...fault(troubles, options, outputs),
    });
  for (
    let atMs = moves.between(...MOVE_EVERY_MS);
    !isCalm && atMs < endMs;
    atMs += moves.between(...MOVE_EVERY_MS)
  ) {
    const output = moves.oneOf(outputs);
    faults.push({ atMs: Math.round(atMs), kind: 'moved', output, rank: moves.below(1000) });
  }
  for (let index = 1; index <= options.rollings; index += 1)
    faults.push({ atMs: Math.round((endMs * index) / (options.rollings + 1)), kind: 'rolling-restart' });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function fault(random: Random, { members }: SoakOptions, outputs: readonly string[]): SoakFault {
  // The first member lives from one rolling restart to the next, so that its memory can be judged.
  const member = members === 1 ? 0 : random.whole(1, members - 1);
  const output = random.oneOf(outputs);
  const lastsMs = Math.round(random.between(...BLINK_MS));
  const how = random.oneOf(['reset', 'closed', 'unpublished'] as const);
  const kind = random.weighted([
    [2, 'killed'],
    [2, 'hung'],
    [2, 'restarted'],
    [1, 'worker-killed'],
    [2, 'silent'],
    [2, 'closed'],
  ] as const);
  switch (kind) {
    case 'killed':
    case 'hung':
      return { kind, member, lastsMs };
    case 'restarted':
    case 'worker-killed':
      return { kind, member };
    case 'silent':
      return { kind, output, lastsMs };
    case 'closed':
      return { kind, output, lastsMs, how };
  }
}

/** Everybody who comes to one of the `players` slots, without end. */
export function* visitsOf({ seed, members, streams }: SoakOptions, slot: number): Generator<Visit, never> {
  const random = Random.forIndex(seed ^ 0x71a7, slot);
  for (let visit = 1; ; visit += 1) {
    const hot = Math.ceil(streams / 10);
    const stream = `live/s${random.whole(1, random.chance(HOT_SHARE) ? hot : streams)}`;
    const protocol = random.oneOf(PROTOCOLS);
    const home = random.whole(0, members - 1);
    const name = `${protocol} player ${slot + 1}.${visit} of ${stream}`;
    yield {
      player: { name, stream, protocol, home },
      lastsMs: Math.round(random.between(...VISIT_MS)),
      awayMs: Math.round(random.between(...AWAY_MS)),
    };
  }
}
