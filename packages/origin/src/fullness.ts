import type { WorkerView } from './plane/media-plane.js';

interface Used {
  readonly connections: number;
  readonly outboundKbps: number;
}

interface Limits {
  readonly connectionsMax: number;
  /** 0: no limit. */
  readonly outboundKbpsMax: number;
}

/** Share of a limit that is used at most where a full member has room again, so that it does not go to and fro. */
const ROOM_AGAIN_SHARE = 0.9;

/** Whether this member says that it is full, when `isFull` is what it said last: as soon as one of its limits is used up. */
export function nextFull(isFull: boolean, used: Used, limits: Limits): boolean {
  const isUsedUp = (amount: number, max: number): boolean =>
    amount >= max || (isFull && amount > max * ROOM_AGAIN_SHARE);
  const byRate = limits.outboundKbpsMax > 0 && isUsedUp(used.outboundKbps, limits.outboundKbpsMax);
  return byRate || isUsedUp(used.connections, limits.connectionsMax);
}

/**
 * Whether no worker takes connections, as where each ends at its start: who comes waits for one. Such a member has the least
 * to do of all, so everybody would be sent there. False where there are no workers.
 */
export const takesNobody = (workers: readonly Pick<WorkerView, 'state'>[]): boolean =>
  workers.length > 0 && workers.every(({ state }) => state !== 'listening');
