import { machine } from '../bench/figures.js';
import type { Rule, Violation } from '../chaos/event-log.js';
import type { GapJudge } from './gap-judge.js';
import type { Growth, Sample } from './growth.js';
import type { LogTally } from './log-tally.js';
import type { SoakOptions } from './plan.js';
import type { Publishers } from './publishers.js';
import type { Visitors } from './visitors.js';

type Held = Readonly<Record<string, Omit<Sample, 'atMs'>>>;

interface Seen {
  readonly options: SoakOptions;
  readonly violations: readonly Violation[];
  readonly visitors: Pick<Visitors, 'plays' | 'frames' | 'switches' | 'reconnects'>;
  readonly publishers: Pick<Publishers, 'moves' | 'lost'>;
  readonly judge: Pick<GapJudge, 'gaps' | 'missed' | 'lost' | 'longestMs' | 'longestPictures' | 'sentByNext'>;
  readonly faults: Readonly<Record<string, number>>;
  readonly longestBlackMs: number;
  readonly harnessLateMs: number;
  readonly wallMs: number;
  readonly growth: Readonly<Record<string, readonly Growth[]>>;
  readonly idleBefore: Held;
  readonly idleAfter: Held;
  readonly tally: Pick<LogTally, 'counts' | 'unexplained'>;
}

/** A play failed where it was ended without cause, or stayed without media though a source was there. */
const PLAY_FAILED: readonly Rule[] = ['closed', 'black', 'stale'];

export type Report = ReturnType<typeof reportOf>;

/** All that a run tells, to be printed as JSON. Pure but for the machine's name. */
export function reportOf({ options, violations, visitors, publishers, judge, tally, ...seen }: Seen) {
  const { seed, members, streams, players, minutes } = options;
  const failed = new Set(violations.filter(({ rule }) => PLAY_FAILED.includes(rule)).map(({ who }) => who));
  const rules: Partial<Record<Rule, number>> = {};
  for (const { rule } of violations) rules[rule] = (rules[rule] ?? 0) + 1;
  return {
    soak: { seed, members, streams, players, minutes },
    plays: {
      started: visitors.plays,
      failed: failed.size,
      frames: visitors.frames,
      switches: visitors.switches,
      /** After a member that was down, or drained, ended them. */
      reconnects: visitors.reconnects,
      longestBlackMs: Math.round(seen.longestBlackMs),
    },
    gaps: {
      count: judge.gaps,
      framesMissed: judge.missed,
      framesLostThoughBackedUp: judge.lost,
      longestMs: Math.round(judge.longestMs),
      longestPictures: judge.longestPictures,
      framesSentByNextSource: judge.sentByNext,
    },
    publishers: { moves: publishers.moves, lost: publishers.lost },
    faults: seen.faults,
    violations: rules,
    members: {
      /** Of each member, by lives: a restart begins a new one. Too short ones are left out. */
      growth: seen.growth,
      /** Before the first publisher, and after the last. */
      idle: { before: seen.idleBefore, after: seen.idleAfter },
    },
    logs: {
      counts: tally.counts,
      unexplained: tally.unexplained,
    },
    harnessLateMs: Math.round(seen.harnessLateMs),
    wallMs: Math.round(seen.wallMs),
    machine: machine(),
  };
}
