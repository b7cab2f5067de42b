import { claimsStand, type MemberId, type StreamKey } from '@headwater/directory';
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
      const shown = claimsShown(observer, world.touched);
      for (const { id, position, claims, liveness } of observer.states) {
        const member = world.members.get(id);
        const own = member?.running;
        if (member === undefined || own == null || world.isBeyondRules(id)) continue;
        if (position.generation !== own.generation) continue;
        const keys = shown.get(id) ?? new Map<StreamKey, boolean>();
        for (const key of keys.keys())
          if (!member.claimedKeys.has(key))
            yield `${observer.id} shows ${key} of ${id}, who never claimed it`;
        if (position.version !== own.core.directory.position(id).version) continue;
        if (claims !== member.claims.size)
          yield `${observer.id} holds ${claims} claims of ${id} at its newest version; it has ${member.claims.size}`;
        else if (claimsStand(liveness))
          for (const [key, isSilent] of keys) {
            const claim = member.claims.get(key);
            if (claim === undefined) yield `${observer.id} shows ${key} of ${id}, who released it`;
            else if (isSilent !== (claim.silent === true))
              yield `${observer.id} shows ${key} of ${id} as ${isSilent ? 'silent' : 'flowing'}, which it is not`;
          }
      }
    }
  },
};

/** Which streams of whom, and whether they are silent; of those touched since the last look, null: of all. */
function claimsShown(
  { core }: RunningCore,
  touched: ReadonlySet<StreamKey> | null,
): Map<MemberId, Map<StreamKey, boolean>> {
  const shown = new Map<MemberId, Map<StreamKey, boolean>>();
  for (const key of touched ?? core.directory.streams()) {
    for (const { member, claim } of core.directory.owners(key)) {
      const keys = shown.get(member) ?? new Map<StreamKey, boolean>();
      keys.set(key, claim.silent === true);
      shown.set(member, keys);
    }
  }
  return shown;
}
