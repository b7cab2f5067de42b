import { ownerOrder as orderOf } from '@headwater/directory';
import type { Checker } from './checker.js';

/** Each member ranks the owners of each stream by the rule, by what it believes: never a suspect before the living. */
export const ownerOrder: Checker = {
  name: 'owner-order',
  when: 'always',
  isCostly: true,
  *check(world) {
    for (const { id, core } of world.honest()) {
      const order = orderOf(world.options.order ?? 'primary', core.directory.profile.zone);
      for (const key of core.directory.streams()) {
        const owners = core.directory.owners(key);
        for (let index = 1; index < owners.length; index += 1) {
          const [a, b] = [owners[index - 1], owners[index]];
          if (a && b && order(a, b) >= 0)
            yield `${id} ranks ${owners.map((owner) => `${owner.member} (${owner.liveness})`).join(', ')} for ${key}`;
        }
      }
    }
  },
};
