import type { World } from '../world.js';

/**
 * Something that must hold. `always`: at any moment, whatever goes on; `quiet`: some seconds after the last fault; `calm`:
 * at the very end, when everybody had time to hear of everybody. A pure function of the world: one sentence for each
 * thing that is not as it must be.
 */
export interface Checker {
  readonly name: string;
  readonly when: 'always' | 'quiet' | 'calm';
  /** Goes through all streams of all members: not at each look where those are many. */
  readonly isCostly?: true;
  check(world: World): Iterable<string>;
}
