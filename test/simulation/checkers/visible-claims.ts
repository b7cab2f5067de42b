import { comparePositions } from '@headwater/directory';
import type { Member } from '../member.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';
import { bridge, conversingSince, settledMs, slownessMs } from './reach.js';

/** What a member changed is known to all who can know it after this time, also where broadcasts were lost, ms. */
const KNOWN_MS = 5_000;

/** Whoever hears a member has its claims as they were some seconds ago, or newer. */
export const visibleClaims: Checker = {
  name: 'visible-claims',
  when: 'always',
  check: (world) =>
    lagging(
      world,
      (observer, member) => conversingSince(world, observer, member) <= world.now - settledMs(world),
    ),
};

/** So has whoever hears somebody that hears it. */
export const claimsThroughOthers: Checker = {
  name: 'claims-through-others',
  when: 'always',
  check: (world) => lagging(world, (observer, member) => bridge(world, observer, member) !== null),
};

function* lagging(world: World, canKnow: (observer: Member, member: Member) => boolean): Iterable<string> {
  const knownMs = KNOWN_MS + slownessMs(world);
  for (const observer of world.honest()) {
    if (observer.isStalled) continue;
    for (const { id, position } of observer.core.directory.members()) {
      const member = world.members.get(id);
      if (id === observer.id || member?.running == null || world.isBeyondRules(id)) continue;
      const then = member.positionAt(world.now - knownMs);
      if (then === null || comparePositions(position, then) >= 0) continue;
      if ((observer.standingSince.get(id)?.at ?? world.now) > world.now - knownMs) continue;
      if (canKnow(world.member(observer.id), member))
        yield `${observer.id} holds ${position.generation}/${position.version} of ${id}, who was at ${then.generation}/${then.version} ${Math.round(knownMs)} ms ago`;
    }
  }
}
