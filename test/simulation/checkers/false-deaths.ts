import { CONFIRM_MS } from '@headwater/mesh/core';
import type { Member } from '../member.js';
import type { Belief } from '../observations.js';
import type { RunningCore } from '../running-core.js';
import { STALL_EXCUSED_MS, type World } from '../world.js';
import type { Checker } from './checker.js';
import { slownessMs } from './reach.js';

/** A cause of a death may lie back so long, ms: silence until suspect, until dead, and a heal in between. */
const CAUSE_MS = 6_000;

/** A new connection's first words are there after so many round trips. */
const GREETING_TRIPS = 1;

/** A path is measured with each heartbeat, and the first four are not believed yet, ms. */
const UNMEASURED_MS = 4 * 800;

/** After a standstill, a loop that is late needs so many turns to read what waited and to answer. */
const LATE_TURNS = 2;

/** Nobody is declared dead who was reachable, and stood still for no longer than is excused. */
export const falseDeaths: Checker = {
  name: 'false-deaths',
  when: 'always',
  *check(world) {
    for (const belief of world.beliefs)
      if (belief.liveness === 'dead' && !hasCause(world, belief))
        yield `${belief.observer} declared ${belief.member} dead without cause`;
  },
};

function hasCause(world: World, { observer, member, generation, at }: Belief): boolean {
  const { members } = world;
  const own = members.get(observer);
  const suspect = members.get(member);
  if (
    own === undefined ||
    suspect === undefined ||
    world.isBeyondRules(observer) ||
    world.isBeyondRules(member)
  )
    return true;
  const { running, hungUntil, stalledAt } = suspect;
  if (running === null || running.generation !== generation) return true;
  // Known by others' words alone, it is gone with the last of those: whether one is left, `heard-by-others` looks.
  if (!haveMet(own.running, running, at - slownessMs(world, GREETING_TRIPS))) return true;
  const since = believedSince(own, at);
  const hasHung = since < at - CAUSE_MS;
  if (running.startedAt > since || hungUntil > since) return true;
  if (world.lastBrokenAt(observer, member) > since) return true;
  // Whose connection is gone has so long to take a new one: nobody can tell it from who has ended.
  const resetAt = world.lastResetAt(observer, member);
  const isAwake = running.stalledSince === null && running.resumedAt <= resetAt;
  if (resetAt > since && stalledAt < resetAt + CONFIRM_MS && !isAwake) return true;
  // Lost right after it was met, its path was not measured: where packets get lost two dials may take longer than is waited for.
  const isUnmeasured = !haveMet(own.running, running, resetAt - UNMEASURED_MS);
  if (resetAt > since && isUnmeasured && world.network.paths.hasLostWithin(CAUSE_MS)) return true;
  if (running.stalledSince !== null && at - running.stalledSince > STALL_EXCUSED_MS) return true;
  // Who met it by others' word alone was not told how late its loop is, and a stall lasts for some turns of that more.
  const hasToldNothing = (own.running?.startedAt ?? 0) > stalledAt && stalledAt > since;
  if (hasToldNothing && at < running.resumedAt + LATE_TURNS * running.lateMs) return true;
  // The others dropped who hung, and it may find one of them not answering for the moment of a stall.
  return hasHung && stalledAt > since;
}

/** A connection stood between these two starts before then, at some time. */
function haveMet(own: RunningCore | null, { endpoint }: RunningCore, at: number): boolean {
  return own === null || Math.min(own.endpoint.metAt(endpoint), endpoint.metAt(own.endpoint)) <= at;
}

/** Who hung wakes up with what was so before; so does who hangs again, or is stalled, before it knows better. */
function believedSince({ hangs }: Member, at: number): number {
  let since = at - CAUSE_MS;
  for (const hang of [...hangs].reverse())
    if (hang.since <= at && hang.until > since) since = Math.min(since, hang.since - CAUSE_MS);
  return since;
}
