import { api } from './api.js';
import { auth } from './auth.js';
import type { Bench } from './bench.js';
import { capacity } from './capacity.js';
import { consoleBench } from './console.js';
import { convergence } from './convergence.js';
import { detection } from './detection.js';
import { drain } from './drain.js';
import { failover } from './failover.js';
import { fanout } from './fanout.js';
import { growth } from './growth.js';
import { handover } from './handover.js';
import { health } from './health.js';
import { idle } from './idle.js';
import { idleWhole } from './idle-whole.js';
import { isolation } from './isolation.js';
import { join } from './join.js';
import { link } from './link.js';
import { longPaths } from './long-paths.js';
import { metrics } from './metrics.js';
import { path } from './path.js';
import { publishers } from './publishers.js';
import { redirect } from './redirect.js';
import { relay } from './relay.js';
import { scale } from './scale.js';
import { slices } from './slices.js';
import { startStorm } from './start-storm.js';
import { tls } from './tls.js';
import { tree } from './tree.js';
import { workerCost } from './worker-cost.js';
import { workerFailover } from './worker-failover.js';

/** All that is measured, by name. */
export const BENCHES: Readonly<Record<string, Bench>> = {
  redirect,
  auth,
  capacity,
  console: consoleBench,
  convergence,
  fanout,
  join,
  link,
  path,
  publishers,
  failover,
  'worker-failover': workerFailover,
  detection,
  'long-paths': longPaths,
  drain,
  scale,
  'start-storm': startStorm,
  growth,
  idle,
  'idle-whole': idleWhole,
  handover,
  health,
  relay,
  slices,
  api,
  metrics,
  cores: workerCost,
  isolation,
  tls,
  tree,
};
