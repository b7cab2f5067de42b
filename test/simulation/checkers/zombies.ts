import { claimsStand, type MemberId } from '@headwater/directory';
import { CONFIRM_MS } from '@headwater/mesh/core';
import type { EndedStart } from '../member.js';
import { RETRANSMIT_MS } from '../network/connection.js';
import type { RunningCore } from '../running-core.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';
import { slownessMs } from './reach.js';

/** Round trips and a look. */
const SLACK_MS = 600;

/** Between two looks. */
const LOOK_MS = 250;

/** Who has a connection with the dead that hangs goes on to say that it hears them for no longer than this, ms. */
const HEARSAY_MS = 2_000;

/** Claims of a start that ended, once buried by a member, never stand again there. */
export const zombies: Checker = {
  name: 'zombies',
  when: 'always',
  *check(world) {
    for (const observer of world.honest()) {
      for (const { id, position, claims, liveness } of observer.states) {
        if (claims === 0 || !claimsStand(liveness) || world.isBeyondRules(id)) continue;
        const end = world.members.get(id)?.endOf(position.generation);
        if (
          end &&
          !mayBeHeardLate(world, observer, id, end.at) &&
          !mayBeHearsay(world, observer, id, end) &&
          !wasOnItsWay(world, observer, id, end) &&
          world.graves.newest(observer, id) >= position.generation
        )
          yield `${observer.id} lists claims of ${id} as ${position.generation} again, which it had buried`;
      }
    }
  },
};

/**
 * What a start said before it ended, and a cut kept back, TCP delivers after the heal: its own words, on its own
 * connection, also where it ended between the heal and that. So does who stood still, with what waited in its sockets.
 * They stand until the connection is found to be dead.
 */
function mayBeHeardLate(world: World, observer: RunningCore, id: MemberId, endedAt: number): boolean {
  const { now } = world;
  const brokenAt = world.lastBrokenAt(observer.id, id);
  if (observer.resumedAt > endedAt && now < observer.resumedAt + CONFIRM_MS + SLACK_MS) return true;
  return now < brokenAt + RETRANSMIT_MS.max + CONFIRM_MS + SLACK_MS;
}

/** What others said just before they heard of the end came after it; the next word takes it back. */
function wasOnItsWay(
  world: World,
  observer: RunningCore,
  id: MemberId,
  { at, generation }: EndedStart,
): boolean {
  const since = observer.standingSince.get(id);
  return since?.generation === generation && since.at <= at + LOOK_MS + slownessMs(world, 1);
}

/**
 * Another member missed the end, since nothing told it, its path was cut or it stood still: its word counts for a while.
 * Nothing tells who has a connection of an earlier start besides, which hangs since that start's machine went off or a cut
 * took its reset: the transport goes on with that one, until a word sent on it is refused.
 */
function mayBeHearsay(world: World, observer: RunningCore, id: MemberId, end: EndedStart): boolean {
  const endedAt = end.at;
  // Also who has ended since: what it said last stands for a while.
  return [...world.members.values()].some((other) => {
    if (other.id === observer.id || other.id === id) return false;
    // By their machines: who lost its data directory has another id than the machine that was cut off.
    const missedAt = Math.max(
      world.lastBrokenAt(other.id, id) + RETRANSMIT_MS.max,
      other.running?.resumedAt ?? Number.NEGATIVE_INFINITY,
      end.ending === 'silent' || [...end.unnoticedBy].some((core) => core.id === other.id)
        ? endedAt
        : Number.NEGATIVE_INFINITY,
    );
    // On a slow path the answer to a suspicion is awaited for longer.
    return missedAt >= endedAt && world.now < missedAt + HEARSAY_MS + SLACK_MS + slownessMs(world);
  });
}
