import type { Checker } from './checker.js';

/** Nobody of good will is accused of an offence, cut off or refused by another one, of whatever version either is. */
export const blame: Checker = {
  name: 'blame',
  when: 'always',
  *check(world) {
    for (const { observer, member, what } of world.accusations)
      if (!world.isBeyondRules(observer) && !world.isBeyondRules(member) && world.members.has(member))
        yield `${observer} says of ${member}: ${what}`;
  },
};
