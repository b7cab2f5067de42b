import { type Options, runCommand, type Values } from '../support/command-line.js';
import { Scope } from '../support/scope.js';
import { machine } from './figures.js';

/** Something that is measured, by its own options. */
export interface Bench {
  readonly about: string;
  /** Prints the figures as JSON. Returns the exit status. */
  readonly run: (name: string, args: readonly string[]) => Promise<number>;
}

export const bench = <const O extends Options>(
  about: string,
  options: O,
  measure: (scope: Scope, values: Values<O>) => Promise<object>,
): Bench => ({
  about,
  run: (name, args) =>
    runCommand({ call: `npm run bench -- ${name}`, about, options }, args, async ({ values }) => {
      const scope = new Scope();
      const before = machine();
      try {
        const figures = await measure(scope, values);
        console.log(JSON.stringify({ bench: name, ...figures, machine: machine(), before }, null, 2));
      } finally {
        await scope.close();
      }
      return 0;
    }),
});
