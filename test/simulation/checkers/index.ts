import { isAsked } from '../not-yet.js';
import type { World } from '../world.js';
import { agreement } from './agreement.js';
import { blame } from './blame.js';
import { bounds } from './bounds.js';
import { broadcasts } from './broadcasts.js';
import type { Checker } from './checker.js';
import { deadRoutes } from './dead-routes.js';
import { faithfulCopies } from './faithful-copies.js';
import { falseDeaths } from './false-deaths.js';
import { forgotten } from './forgotten.js';
import { heardByOthers } from './heard-by-others.js';
import { heartbeatVersions } from './heartbeat-versions.js';
import { joined } from './joined.js';
import { joinedAlone } from './joined-alone.js';
import { loads } from './loads.js';
import { ownerOrder } from './owner-order.js';
import { quietTraffic } from './quiet-traffic.js';
import { redirectLoops } from './redirect-loops.js';
import { strangers } from './strangers.js';
import { toldOwners } from './told-owners.js';
import { twinsGone } from './twins-gone.js';
import { versions } from './versions.js';
import { claimsThroughOthers, visibleClaims } from './visible-claims.js';
import { zombies } from './zombies.js';

export const CHECKERS: readonly Checker[] = [
  versions,
  faithfulCopies,
  zombies,
  deadRoutes,
  falseDeaths,
  ownerOrder,
  redirectLoops,
  bounds,
  agreement,
  toldOwners,
  joined,
  loads,
  quietTraffic,
  broadcasts,
  heartbeatVersions,
  joinedAlone,
  blame,
  forgotten,
  strangers,
  visibleClaims,
  claimsThroughOthers,
  heardByOthers,
  twinsGone,
];

/** Sentences of one checker that are worth keeping at one look: the first tell it. */
const SENTENCES_MAX = 3;

/** Streams in all directories together that take long to go through, and how rarely that is done then. */
const STREAMS_MANY = 4_000;
const COSTLY_EACH = 12;

const streamsHeld = (world: World): number =>
  world.running().reduce((sum, { core }) => sum + core.directory.streamCount, 0);

/** Asks all checkers that hold at this moment, and notes what they find. */
export function look(world: World, ...moments: readonly Checker['when'][]): void {
  world.remember();
  world.graves.look(world);
  world.looks += 1;
  const isThorough =
    moments.includes('quiet') || world.looks % COSTLY_EACH === 0 || streamsHeld(world) < STREAMS_MANY;
  for (const { name, when, check, isCostly } of CHECKERS) {
    if (!moments.includes(when) || (isCostly && !isThorough)) continue;
    if (world.options.isStrict !== true && !isAsked(name)) continue;
    let count = 0;
    for (const what of check(world)) {
      world.violate(name, what);
      count += 1;
      if (count === SENTENCES_MAX) break;
    }
  }
  world.beliefs = [];
  world.advances = [];
  world.accusations = [];
}
