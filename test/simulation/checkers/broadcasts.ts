import type { Endpoint } from '../network/endpoint.js';
import type { Publication } from '../network/gossip.js';
import type { Parcel } from '../parcel.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';
import { slownessMs } from './reach.js';

/** A broadcast is there within this time, without repair, ms. */
const THERE_MS = 1_500;

/** It goes one way, or by another member, in as many round trips at the most. */
const THERE_TRIPS = 1;

/** Where nothing is lost, a broadcast comes to everybody with whom its author was connected, also for a moment only. */
export const broadcasts: Checker = {
  name: 'broadcasts',
  when: 'always',
  *check(world) {
    const { gossip } = world.network;
    const dueAt = world.now - THERE_MS - slownessMs(world, THERE_TRIPS);
    const due = gossip.publications.filter(({ at }) => at <= dueAt);
    gossip.publications = gossip.publications.filter(({ at, missing }) => at > dueAt && missing.size > 0);
    for (const publication of due)
      for (const endpoint of publication.missing)
        if (mustHaveIt(world, publication, endpoint))
          yield `${endpoint.self} never heard what ${publication.by.self} broadcast ${Math.round(world.now - publication.at)} ms ago`;
  },
};

/** Both go on, on paths and connections that did. */
function mustHaveIt(
  world: World,
  { at, by, arrivesAt }: Publication<Parcel>,
  endpoint: Endpoint<Parcel>,
): boolean {
  // Packets that got lost several times in a row: it comes yet.
  if ((arrivesAt.get(endpoint) ?? 0) > world.now) return false;
  const [author, hearer] = [world.members.get(by.self)?.running, world.members.get(endpoint.self)?.running];
  if (author?.endpoint !== by || hearer?.endpoint !== endpoint) return false;
  if (world.isBeyondRules(by.self) || world.isBeyondRules(endpoint.self)) return false;
  if (world.lastBrokenAt(by.self, endpoint.self) > at) return false;
  const isAwake = [author, hearer].every((one) => !one.isStalled && one.resumedAt < at);
  return isAwake && by.connectedForMs(endpoint.self) >= world.now - at;
}
