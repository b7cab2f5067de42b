import { command, runCommand, UsageError } from '../support/command-line.js';
import { nearest } from '../support/nearest.js';
import { BENCHES } from './benches.js';

const names = Object.keys(BENCHES);
const width = Math.max(...names.map(({ length }) => length));

const COMMAND = command({
  call: 'npm run bench --',
  about: `Measures one thing, and prints its figures as JSON with the machine's cores and load:

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  .join('\n')}`,
  ways: [
    ['NAME [options]', 'measure it'],
    ['NAME --help', 'which options it takes'],
  ],
  options: {},
});

/** No option comes before the name. */
const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
process.exitCode =
  (await bench?.run(name, args)) ??
  (await runCommand(
    { ...COMMAND, operands: { value: 'NAME', about: 'what is measured', min: 1, max: 1 } },
    [name],
    () => {
      const like = nearest(name, names);
      throw new UsageError(`there is no bench '${name}'${like === null ? '' : `; did you mean ${like}?`}`);
    },
  ));
