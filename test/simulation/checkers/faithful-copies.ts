import type { MemberId, StreamKey } from '@headwater/directory';
import { isStanding } from '../graves.js';
import type { RunningCore } from '../running-core.js';
import type { Checker } from './checker.js';

/**
 * Who holds the newest version of a member's log holds exactly what that member claims, and nobody ever shows a claim
 * that its owner did not make in that start.
 */
export const faithfulCopies: Checker = {
  name: 'faithful-copies',
  when: 'always',
  isCostly: true,
  *check(world) {
    for (const observer of world.honest()) {
      const shown = claimsShown(observer);
      for (const { id, position, claims } of observer.core.directory.members()) {
        const member = world.members.get(id);
        const own = member?.running;
        if (member === undefined || own == null || member.isHostile) continue;
        if (position.generation !== own.generation) continue;
        const keys = shown.get(id) ?? new Set<StreamKey>();
        for (const key of keys)
          if (!member.claimedKeys.has(key))
            yield `${observer.id} shows ${key} of ${id}, who never claimed it`;
        if (position.version !== own.core.directory.position(id).version) continue;
        if (claims !== member.claims.size)
          yield `${observer.id} holds ${claims} claims of ${id} at its newest version; it has ${member.claims.size}`;
        else if (isStanding(observer, id))
          for (const key of keys)
            if (!member.claims.has(key)) yield `${observer.id} shows ${key} of ${id}, who released it`;
      }
    }
  },
};

function claimsShown({ core }: RunningCore): Map<MemberId, Set<StreamKey>> {
  const shown = new Map<MemberId, Set<StreamKey>>();
  for (const key of core.directory.streams()) {
    for (const { member } of core.directory.owners(key)) {
      const keys = shown.get(member) ?? new Set();
      keys.add(key);
      shown.set(member, keys);
    }
  }
  return shown;
}
