import type { ChaosPlayer } from './chaos-player.js';
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
  for (const player of players) {
    for (const { encode, track, first, last, fromMs, toMs, member } of player.gaps) {
      const range = `${track} ${first} to ${last} of ${encode}`;
      if (!states.wasUp(member, fromMs, toMs)) continue;
      const had = supply.hadOf(encode, track, first, last);
      const gap = `${range}, between ${seconds(fromMs)} and ${seconds(toMs)}`;
      if (had !== null)
        log.violated('lost', player.name, `${had.count} frames of ${gap}, which ${had.feed.name} sent`, toMs);
      else log.note(`${player.name} misses ${gap}: nobody had them for certain`, toMs);
    }
  }
}
