import { Scope } from '../support/scope.js';
import { capacity } from './capacity.js';
import { convergence } from './convergence.js';
import { detection } from './detection.js';
import { failover } from './failover.js';
import { fanout } from './fanout.js';
import { machine } from './figures.js';
import { growth } from './growth.js';
import { idle } from './idle.js';
import { join } from './join.js';
import { link } from './link.js';
import { path } from './path.js';
import { redirect } from './redirect.js';
import { relay } from './relay.js';
import { scale } from './scale.js';
import { slices } from './slices.js';
import { startStorm } from './start-storm.js';

type Bench = (scope: Scope, args: readonly string[]) => Promise<object>;

const BENCHES: Readonly<Record<string, Bench>> = {
  redirect,
  capacity,
  convergence,
  fanout,
  join,
  link,
  path,
  failover,
  detection,
  scale,
  'start-storm': startStorm,
  growth,
  idle,
  relay,
  slices,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
  process.exit(2);
}
const scope = new Scope();
const before = machine();
try {
  const figures = await bench(scope, args);
  console.log(JSON.stringify({ bench: name, ...figures, machine: machine(), before }, null, 2));
} finally {
  await scope.close();
}
