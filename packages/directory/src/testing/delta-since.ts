import type { Delta } from '../delta.js';
import type { OwnLog } from '../own-log.js';

/** The changes after version `from` in one piece; null where releases after it are forgotten and only a snapshot will do. */
export function deltaSince(log: OwnLog, from: number): Delta | null {
  if (!log.reachesBackTo(from)) return null;
  const { member, generation } = log;
  const { version: to, entries } = log.cut(from);
  return { member, generation, from, to, entries: [...entries()] };
}
