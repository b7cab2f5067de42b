import { comparePositions, type LogPosition } from '@headwater/directory';
import type { Checker } from './checker.js';

const text = ({ generation, version }: LogPosition): string => `${generation}/${version}`;

/** A copy of a log only grows, and never beyond what its member wrote. */
export const versions: Checker = {
  name: 'versions',
  when: 'always',
  *check(world) {
    for (const { observer, member, before, after, newest } of world.advances) {
      // 0/0: forgotten long after its death.
      if (comparePositions(after, before) < 0 && after.generation > 0)
        yield `${observer} went back with ${member} from ${text(before)} to ${text(after)}`;
      const isOfTwin = world.members.get(member)?.twinGenerations.has(after.generation) === true;
      if (!world.isBeyondRules(member) && !isOfTwin && comparePositions(after, newest) > 0)
        yield `${observer} holds ${text(after)} of ${member}, who wrote no more than ${text(newest)}`;
    }
  },
};
