import type { Checker } from './checker.js';

/** A heartbeat tells no version that was not broadcast yet: whoever hears it would ask for what is on its way anyhow. */
export const heartbeatVersions: Checker = {
  name: 'heartbeat-versions',
  when: 'always',
  *check(world) {
    for (const { id, notes } of world.honest())
      if (notes.unsentTold)
        yield `${id} told of its version ${notes.unsentTold.told}, and had sent no more than ${notes.unsentTold.sent}`;
  },
};
