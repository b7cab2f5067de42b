import { claimsStand } from '@headwater/directory';
import type { Checker } from './checker.js';
import { bridge } from './reach.js';

/** A broken link is no death: whom somebody hears that I hear is unreachable for me at most, never dead or forgotten. */
export const heardByOthers: Checker = {
  name: 'heard-by-others',
  when: 'always',
  *check(world) {
    for (const observer of world.honest()) {
      if (observer.isStalled) continue;
      for (const { id, liveness, position } of observer.states) {
        if (claimsStand(liveness)) continue;
        const member = world.members.get(id);
        if (id === observer.id || member?.running == null || world.isBeyondRules(id)) continue;
        if (position.generation !== member.running.generation) continue;
        const between = bridge(world, world.member(observer.id), member);
        if (between)
          yield `${observer.id} believes ${id} ${liveness}, whom ${between.id} hears, and it hears ${between.id}`;
      }
    }
  },
};
