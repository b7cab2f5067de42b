import type { Checker } from './checker.js';

/** Each member's load is known to all, with its next heartbeat. */
export const loads: Checker = {
  name: 'loads',
  when: 'calm',
  *check(world) {
    for (const { id, states } of world.honest()) {
      for (const { id: member, load } of states) {
        const truth = world.members.get(member);
        if (truth === undefined || truth.running === null || world.isBeyondRules(member)) continue;
        if (load.players !== truth.load.players)
          yield `${id} believes ${load.players} players at ${member}, which has ${truth.load.players}`;
      }
    }
  },
};
