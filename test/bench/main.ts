import { Scope } from '../support/scope.js';
import { convergence } from './convergence.js';
import { machine } from './figures.js';
import { redirect } from './redirect.js';

const BENCHES: Readonly<Record<string, (scope: Scope) => Promise<object>>> = { redirect, convergence };

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
  process.exit(2);
}
const scope = new Scope();
try {
  const figures = await bench(scope);
  console.log(JSON.stringify({ bench: name, ...figures, machine: machine() }, null, 2));
} finally {
  await scope.close();
}
