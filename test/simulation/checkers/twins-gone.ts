import { isStanding } from '../graves.js';
import type { Checker } from './checker.js';
import { conversingSince, settledMs } from './reach.js';

/** When the copy of an identity is gone for some seconds, everybody holds the one that is left for alive, as it is now. */
export const twinsGone: Checker = {
  name: 'twins-gone',
  when: 'always',
  *check(world) {
    const since = world.now - settledMs(world);
    for (const member of world.members.values()) {
      const { id, running, disputedUntil } = member;
      if (running === null || disputedUntil === Number.NEGATIVE_INFINITY || disputedUntil > world.now)
        continue;
      for (const observer of world.honest()) {
        if (observer.id === id || conversingSince(world, world.member(observer.id), member) > since) continue;
        const { generation } = observer.core.directory.position(id);
        // It never greeted.
        if (generation === 0) continue;
        if (!isStanding(observer, id) || generation !== running.generation)
          yield `${observer.id} holds ${generation} of ${id}, who is alone as ${running.generation} again`;
      }
    }
  },
};
