import type { Checker } from './checker.js';

/** In the end everybody found the others and knows that it has all. */
export const joined: Checker = {
  name: 'joined',
  when: 'calm',
  *check(world) {
    for (const { id, core } of world.honest())
      if (!core.isJoined || !core.isSynced) yield `${id} still waits: ${core.waitingFor}`;
  },
};
