import { Random } from '@headwater/testing/random';
import type { Close, Sends } from './encoder.js';
import { PROTOCOLS, type Protocol } from './play-link.js';
import { type DrawnStream, type StreamPlan, streamFaults } from './stream-plan.js';

export const MEMBERS = 3;
/** Of each member, where they die. */
export const WORKERS = 2;

export interface PlayerPlan {
  readonly name: string;
  readonly stream: string;
  readonly protocol: Protocol;
  readonly home: number;
}

export type OutputFault =
  /** It stays connected and sends nothing; what is due meanwhile is lost. */
  | { readonly kind: 'silent'; readonly output: string }
  /** Its way is blocked; what is due comes later, all at once. */
  | { readonly kind: 'held'; readonly output: string }
  /** The end of both. */
  | { readonly kind: 'resumed'; readonly output: string }
  | { readonly kind: 'closed'; readonly output: string; readonly how: Close }
  | {
      readonly kind: 'opened';
      readonly output: string;
      readonly member: number;
      /** Which start of its encoder this is, from 1: each makes an encode of its own. */
      readonly start: number;
      /** No media until it is resumed, where it does not flow. */
      readonly sends: Sends;
    };

export type MemberFault =
  | { readonly kind: 'killed'; readonly member: number }
  | { readonly kind: 'restarted'; readonly member: number }
  | { readonly kind: 'stopped'; readonly member: number }
  | { readonly kind: 'continued'; readonly member: number };

/** One of a member's workers crashes, or hangs and is killed by its member, which starts another. */
export interface WorkerFault {
  readonly kind: 'worker-killed' | 'worker-hung';
  readonly member: number;
  /** From 1. */
  readonly worker: number;
}

export type PlayerFault =
  | { readonly kind: 'joins'; readonly player: PlayerPlan }
  | { readonly kind: 'leaves'; readonly player: string };

export type Fault = { readonly atMs: number } & (OutputFault | MemberFault | WorkerFault | PlayerFault);

/** All of a run that is drawn from its seed. */
export interface Plan {
  readonly seed: number;
  readonly streams: readonly StreamPlan[];
  readonly players: readonly PlayerPlan[];
  /** By time, ms since players play. */
  readonly faults: readonly Fault[];
  /** No new trouble begins after it; what had begun then ends a little later. */
  readonly endMs: number;
}

export interface PlanOptions {
  /** Members are killed, stopped and restarted as well. */
  readonly membersDie: boolean;
  /** Each member has two workers, one of which crashes or hangs now and then. */
  readonly workersDie?: boolean;
  readonly hasFaults: boolean;
  /** One of the two streams alone, with what happens to it. */
  readonly only?: StreamKind;
}

export const STREAM_KINDS = ['same', 'different'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

const FAULTS_MS = 10_000;
const FAULTS_WITH_DEATHS_MS = 18_000;
const LATE_PLAYERS = 3;
const LEAVING_PLAYERS = 2;

/** The same seed and options give the same plan, whatever happens when it is carried out. */
export function planOf(seed: number, { membersDie, workersDie = false, hasFaults, only }: PlanOptions): Plan {
  const random = new Random(seed);
  const untilMs = membersDie || workersDie ? FAULTS_WITH_DEATHS_MS : FAULTS_MS;
  const drawn = STREAM_KINDS.map((kind) =>
    streamFaults(random.fork(), {
      name: `live/${kind}`,
      isSame: kind === 'same',
      untilMs,
      isRare: membersDie || workersDie,
    }),
  );
  const allPlayers = drawn.flatMap(({ stream }) => firstPlayers(stream.name));
  const all: Fault[] = [
    ...drawn.flatMap(({ faults }) => faults),
    ...playerFaults(random.fork(), drawn, allPlayers, untilMs),
    ...(membersDie ? memberFaults(random.fork(), untilMs) : []),
    ...(workersDie ? workerFaults(random.fork(), untilMs) : []),
  ];
  const isWanted = (text: string): boolean => only === undefined || text.includes(`live/${only} `);
  const streams = drawn.map(({ stream }) => stream).filter(({ name }) => isWanted(`${name} `));
  const players = allPlayers.filter(({ name }) => isWanted(name));
  const faults = hasFaults
    ? all.filter((fault) => isWanted(subjectOf(fault, only))).sort((a, b) => a.atMs - b.atMs)
    : [];
  return { seed, streams, players, faults, endMs: Math.max(untilMs, faults.at(-1)?.atMs ?? 0) };
}

/** Each of the common protocols on each member, and one edge, which are rarer. */
function firstPlayers(stream: string): PlayerPlan[] {
  const common = PROTOCOLS.filter((protocol) => protocol !== 'srs-edge');
  const everywhere = Array.from({ length: MEMBERS }, (_, home) =>
    common.map((protocol) => named(stream, protocol, home)),
  );
  return [...everywhere.flat(), named(stream, 'srs-edge', MEMBERS - 1)];
}

function named(stream: string, protocol: Protocol, home: number, late = ''): PlayerPlan {
  const name = `${protocol} player${late} of ${stream} at ${'abc'[home]}`;
  return { name, stream, protocol, home };
}

function playerFaults(
  random: Random,
  streams: readonly DrawnStream[],
  players: readonly PlayerPlan[],
  untilMs: number,
): Fault[] {
  const late = streams.flatMap(({ stream: { name }, faults }) =>
    Array.from({ length: LATE_PLAYERS }, (_, index): Fault => {
      const protocol = random.pick(PROTOCOLS) ?? 'rtmp';
      const player = named(name, protocol, random.whole(0, MEMBERS - 1), ` ${index + 1}`);
      // Mostly soon after something happened, when it is least clear where to go.
      const fault = random.chance(0.7) ? random.pick(faults) : undefined;
      const atMs = fault ? fault.atMs + random.between(50, 5_000) : random.between(1_000, untilMs);
      return { kind: 'joins', player, atMs: Math.round(atMs) };
    }),
  );
  const leaving = random.shuffled(players).slice(0, LEAVING_PLAYERS);
  return [
    ...late,
    ...leaving.map(
      ({ name }): Fault => ({
        kind: 'leaves',
        player: name,
        atMs: Math.round(random.between(3_000, untilMs)),
      }),
    ),
  ];
}

/** One member at a time; the next one when the one before had time to come back. */
function memberFaults(random: Random, untilMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = random.between(2_500, 4_500); atMs < untilMs; atMs += random.between(10_000, 12_000)) {
    const member = random.whole(0, MEMBERS - 1);
    const isKilled = random.chance(0.5);
    const backMs = atMs + (isKilled ? random.between(2_000, 4_500) : random.between(800, 5_500));
    faults.push({ kind: isKilled ? 'killed' : 'stopped', member, atMs: Math.round(atMs) });
    faults.push({ kind: isKilled ? 'restarted' : 'continued', member, atMs: Math.round(backMs) });
  }
  return faults;
}

/** One at a time, on any member: a hung one is noticed after 5 s. */
function workerFaults(random: Random, untilMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = random.between(2_000, 4_000); atMs < untilMs; atMs += random.between(9_000, 11_000)) {
    const kind = random.chance(0.6) ? 'worker-killed' : 'worker-hung';
    const [member, worker] = [random.whole(0, MEMBERS - 1), random.whole(1, WORKERS)];
    faults.push({ kind, member, worker, atMs: Math.round(atMs) });
  }
  return faults;
}

/** The name of the output or player that it is about; what members do is about each stream. */
function subjectOf(fault: Fault, only: StreamKind | undefined): string {
  if ('output' in fault) return fault.output;
  if (fault.kind === 'joins') return fault.player.name;
  return fault.kind === 'leaves' ? fault.player : `live/${only} `;
}
