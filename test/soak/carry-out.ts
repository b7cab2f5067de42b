import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../chaos/event-log.js';
import type { LogTally } from './log-tally.js';
import type { MemberTroubles } from './member-troubles.js';
import type { SoakFault, TimedFault } from './plan.js';
import type { Publishers } from './publishers.js';

interface World {
  readonly publishers: Publishers;
  readonly troubles: MemberTroubles;
  readonly tally: LogTally;
  readonly log: EventLog;
}

/** A rolling restart lasts for minutes, and explains what is said all the time. */
const TELL_MS = 1000;

/** Does all that is planned, each at its time, ms after `startMs`. Returns how many of each kind, once all is healed. */
export async function carryOut(
  faults: readonly TimedFault[],
  startMs: number,
  world: World,
): Promise<Readonly<Record<string, number>>> {
  const { troubles, log } = world;
  const counts: Record<string, number> = {};
  const healed: Promise<void>[] = [];
  for (const fault of faults) {
    await sleep(Math.max(0, startMs + fault.atMs - log.nowMs()));
    counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
    healed.push(begin(fault, world));
  }
  await Promise.all(healed);
  return { ...counts, leftOut: troubles.leftOut };
}

async function begin(fault: SoakFault, { publishers, troubles, tally, log }: World): Promise<void> {
  tally.met(fault.kind, log.nowMs());
  switch (fault.kind) {
    case 'moved':
      return publishers.move(fault.output, fault.rank);
    case 'silent':
      return publishers.harm(fault.output, fault.lastsMs);
    case 'closed':
      return publishers.harm(fault.output, fault.lastsMs, fault.how);
    default: {
      troubles.begin(fault);
      const timer = setInterval(() => tally.met(fault.kind, log.nowMs()), TELL_MS);
      await troubles.idle().finally(() => clearInterval(timer));
    }
  }
}
