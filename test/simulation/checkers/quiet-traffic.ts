import type { Checker } from './checker.js';

/** Heartbeats to everybody, each half a second, and as much again for rosters and repair. */
const MESSAGES_PER_MEMBER_AND_SECOND = 4;

/** A mesh in which nothing happens says little: no repair runs in circles. */
export const quietTraffic: Checker = {
  name: 'quiet-traffic',
  when: 'calm',
  *check(world) {
    if (world.quiet === null) return;
    const { ms, traffic } = world.quiet;
    // Who means ill can make others connect in vain, and greet each other for it.
    const isAbused = [...world.members.values()].some(({ isHostile }) => isHostile);
    const limit = MESSAGES_PER_MEMBER_AND_SECOND * world.members.size * (isAbused ? 2 : 1);
    for (const [id, { messages }] of traffic) {
      const perSecond = (messages * 1000) / ms;
      if (!world.isBeyondRules(id) && perSecond > limit)
        yield `${id} sends ${Math.round(perSecond)} messages/s though nothing happens, more than ${limit}`;
    }
  },
};
