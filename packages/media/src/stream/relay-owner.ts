import { type MemberId, type Owner, ownerThrough } from '@headwater/directory';
import type { WorkerAddress } from '../media-host.js';

/** Whom a relay pulls from. */
export interface RelayOwner extends Owner {
  /** The worker of this very member that has the publisher; absent: the owner is another member. */
  readonly worker?: WorkerAddress;
}

/** The same, of one relay. */
export interface PulledOwner extends RelayOwner {
  /** The relay's id, which the owner is told: people follow it through members. Absent: it has none. */
  readonly relayId?: string;
}

/** For one pull: the directory's owners are views, whose way changes with what the mesh finds out, and its own does not. */
export function asItIs(owner: RelayOwner): RelayOwner {
  return owner.worker === undefined ? ownerThrough(owner, owner.through ?? null) : owner;
}

/** An owner and the way to it: the member through which it is pulled, or the worker of this member that it is. */
export type RelayRoute = string;

export function routeOf({ member, through, worker }: RelayOwner): RelayRoute {
  if (worker !== undefined) return `${member} worker ${worker.worker}`;
  return through === undefined || through === null ? member : `${member} ${through}`;
}

/**
 * Whom a stream can be pulled from, best first. `owners`: the directory's, in its order, this member's own claim among them;
 * `sibling`: the other worker that this claim is of. That one comes before other members, since nothing is nearer, but after
 * those that flow where it is silent, and after those that stay where this member drains.
 */
export function relayOwners(
  owners: readonly Owner[],
  self: MemberId,
  sibling: WorkerAddress | null,
): readonly RelayOwner[] {
  const others = owners.filter(({ member }) => member !== self);
  const own = sibling === null ? undefined : owners.find(({ member }) => member === self);
  if (own === undefined || sibling === null) return others;
  const before = others.findIndex((other) => demeritOf(other) >= demeritOf(own));
  return others.toSpliced(before < 0 ? others.length : before, 0, fromWorker(own, sibling));
}

export function fromWorker(owner: Owner, worker: WorkerAddress): RelayOwner {
  return { ...ownerThrough(owner, null), worker };
}

/** The same owner and way, for this relay. */
export function forRelay(owner: RelayOwner, relayId: string): PulledOwner {
  const { worker } = owner;
  return {
    ...ownerThrough(owner, owner.through ?? null),
    ...(worker !== undefined && { worker }),
    relayId,
  };
}

const demeritOf = ({ claim, profile }: Owner): number =>
  Number(claim.silent === true) * 2 + Number(profile.draining);
