import { ownersText } from '../running-core.js';
import type { Checker } from './checker.js';

/** Whoever hears of changes alone knows as much as who looks: waiting players and relays hear of every one. */
export const toldOwners: Checker = {
  name: 'told-owners',
  when: 'quiet',
  *check(world) {
    for (const running of world.honest()) {
      const keys = new Set([...running.toldOwners.keys(), ...running.core.directory.streams()]);
      for (const key of keys) {
        const told = running.toldOwners.get(key) ?? '';
        const owners = ownersText(running.core, key);
        if (told !== owners) yield `${running.id} told [${told}] for ${key}, and lists [${owners}]`;
      }
    }
  },
};
