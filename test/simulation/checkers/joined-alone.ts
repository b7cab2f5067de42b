import type { Checker } from './checker.js';

/** Who says that it has joined has met somebody, unless no seed leads to anybody else: it would answer plays knowing nothing. */
export const joinedAlone: Checker = {
  name: 'joined-alone',
  when: 'always',
  *check(world) {
    for (const { id, notes, endpoint } of world.honest()) {
      if (!notes.joinedAlone) continue;
      const names = world.options.seeds.flatMap((seed) => world.network.resolve(seed));
      const other = names.find((address) => !endpoint.addresses.includes(address));
      if (other !== undefined) yield `${id} had joined before it met anybody, though ${other} is a seed`;
    }
  },
};
