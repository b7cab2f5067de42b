import { claimsStand, type MemberId } from '@headwater/directory';
import type { RunningCore } from './running-core.js';
import type { World } from './world.js';

/** Whether a member's claims are shown to players by this observer. */
export const isStanding = (observer: RunningCore, member: MemberId): boolean => {
  const liveness = observer.core.directory.member(member)?.liveness;
  return liveness !== undefined && claimsStand(liveness);
};

/** Per observer: the newest ended start of each member that the observer had buried. Filled at each look. */
export class Graves {
  readonly #buried = new WeakMap<RunningCore, Map<MemberId, number>>();

  /** 0: none. */
  newest(observer: RunningCore, member: MemberId): number {
    return this.#buried.get(observer)?.get(member) ?? 0;
  }

  look(world: World): void {
    for (const observer of world.running()) {
      const buried = this.#buried.get(observer) ?? new Map<MemberId, number>();
      this.#buried.set(observer, buried);
      for (const state of observer.states) {
        const end = world.members.get(state.id)?.endOf(state.position.generation);
        if (end && !claimsStand(state.liveness))
          buried.set(state.id, Math.max(end.generation, buried.get(state.id) ?? 0));
      }
    }
  }
}
