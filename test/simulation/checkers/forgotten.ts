import type { Checker } from './checker.js';
import { conversingSince, settledMs } from './reach.js';

/** Nobody who lives and can be heard is forgotten, and its record always finds room. */
export const forgotten: Checker = {
  name: 'forgotten',
  when: 'always',
  *check(world) {
    for (const { observer, member, liveness } of world.beliefs) {
      if (liveness !== 'unknown' || world.isBeyondRules(observer) || world.isBeyondRules(member)) continue;
      const [own, other] = [world.members.get(observer), world.members.get(member)];
      if (own && other && conversingSince(world, own, other) <= world.now - settledMs(world))
        yield `${observer} forgot ${member}, who is there`;
    }
  },
};
