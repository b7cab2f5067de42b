import type { ChaosPlayer } from './chaos-player.js';
import { type EventLog, seconds } from './event-log.js';
import type { Supply } from './supply.js';

/** Live is live: beside the copies' lag, a player may be behind by so much once all is settled. */
const BEHIND_MS_MAX = 1500;

/** Finds players whose media flows and is old: a backlog that nobody drops, a start that was never caught up with. */
export function checkStale(
  players: Iterable<ChaosPlayer>,
  supply: Supply,
  log: EventLog,
  allowedMs: (stream: string) => number,
): void {
  const nowMs = log.nowMs();
  for (const player of players) {
    if (player.isGone || supply.usableSinceMs(player.stream) === null) continue;
    for (const track of ['video', 'audio'] as const) {
      const newest = player.newest(track);
      const sentMs = newest && supply.firstSentMs(newest.encode, track, newest.number);
      const boundMs = BEHIND_MS_MAX + allowedMs(player.stream);
      if (newest === undefined || sentMs === undefined || nowMs - sentMs <= boundMs) continue;
      const age = `${seconds(nowMs - sentMs)} s old (${seconds(boundMs)} s allowed)`;
      log.violated(
        'stale',
        player.name,
        `${track}: ${newest.number} of ${newest.encode} is its newest, ${age}`,
      );
    }
  }
}
