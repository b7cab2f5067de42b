import type { MemberId, StreamKey } from '@headwater/directory';
import type { RunningCore } from './running-core.js';
import type { World } from './world.js';

interface TrueOwner {
  readonly member: MemberId;
  readonly isSilent: boolean;
  readonly sinceMs: number;
  /** What goes before age, first things first: silent, full, draining, in another zone, more loaded. */
  readonly rank: number;
}

/**
 * Who owns what, in order, as a member in `zone` must see it, by what really happened: the design's rule, written down a
 * second time.
 */
export function ownersByTruth(
  world: World,
  inMesh: readonly RunningCore[],
  zone: string | undefined,
): Map<StreamKey, readonly { readonly member: MemberId; readonly isSilent: boolean }[]> {
  const owners = new Map<StreamKey, TrueOwner[]>();
  for (const { id, running, profile, claims } of world.members.values()) {
    if (running === null || !inMesh.includes(running)) continue;
    // Its own word about its load: a level, which it tells only now and then.
    const level = world.options.order === 'spread' ? (running.core.directory.profile.loadLevel ?? 0) : 0;
    const isFar = zone !== undefined && profile.zone !== zone;
    const rank =
      (profile.full === true ? 5_000_000 : 0) +
      (profile.draining ? 1_000_000 : 0) +
      (isFar ? 1_000 : 0) +
      level;
    for (const { key, sinceMs, silent } of claims.values()) {
      const others = owners.get(key) ?? [];
      const isSilent = silent === true;
      others.push({ member: id, isSilent, sinceMs, rank: rank + (isSilent ? 10_000_000 : 0) });
      owners.set(key, others);
    }
  }
  const inOrder = (a: TrueOwner, b: TrueOwner): number =>
    a.rank - b.rank || a.sinceMs - b.sinceMs || (a.member < b.member ? -1 : 1);
  for (const list of owners.values()) list.sort(inOrder);
  return owners;
}
