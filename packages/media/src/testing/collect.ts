import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Runs the whole garbage collector, for tests of what is let go. */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  const run = runInNewContext('gc') as () => void;
  run();
}
