import type { Paint } from './paint.js';

/** What the demo is given by its command. */
export interface DemoOptions {
  /** How many origins to start. */
  readonly origins: number;
  /** Added to every port of the demo, for machines where the usual ones are taken. */
  readonly portOffset: number;
  /** Writes to the terminal. */
  write(text: string): void;
  readonly paint: Paint;
  /** Aborted on the first Ctrl-C: stop everything, then resolve. */
  readonly signal: AbortSignal;
}
