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
      let lost = 0;
      let from = '';
      for (let number = first; number <= last; number += 1) {
        const feed = supply.whoHad(encode, track, number);
        if (feed === undefined) continue;
        lost += 1;
        from = feed.name;
      }
      const gap = `${range}, between ${seconds(fromMs)} and ${seconds(toMs)}`;
      if (lost > 0) log.violated('lost', player.name, `${lost} frames of ${gap}, which ${from} sent`, toMs);
      else log.note(`${player.name} misses ${gap}: nobody had them for certain`, toMs);
    }
  }
}
