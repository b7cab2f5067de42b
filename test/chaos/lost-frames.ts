import type { ChaosPlayer, ServedGap } from './chaos-player.js';
import { type EventLog, seconds } from './event-log.js';
import type { MemberStates } from './member-states.js';
import type { Supply } from './supply.js';

/** Judges what players missed, once it is known who sent what: lost is what a source had that could be reached. */
export function judgeGaps(
  players: Iterable<ChaosPlayer>,
  supply: Supply,
  states: MemberStates,
  log: EventLog,
): void {
  for (const player of players)
    for (const gap of player.takeGaps()) judgeGap(player.name, gap, supply, states, log);
}

/** Returns how many of the frames are lost: a source had them. Ask later than a second after the gap. */
export function judgeGap(
  player: string,
  { encode, track, first, last, fromMs, toMs, member }: ServedGap,
  supply: Supply,
  states: MemberStates,
  log: EventLog,
): number {
  if (!states.wasServing(member, fromMs, toMs)) return 0;
  const had = supply.hadOf(encode, track, first, last, fromMs);
  const gap = `${track} ${first} to ${last} of ${encode}, between ${seconds(fromMs)} and ${seconds(toMs)}`;
  if (had === null) {
    log.note(`${player} misses ${gap}: nobody had them for certain`, toMs);
    return 0;
  }
  log.violated('lost', player, `${had.count} frames of ${gap}, which ${had.feed.name} sent`, toMs);
  return had.count;
}
