import type { Trouble } from './plan.js';
import type { Storm } from './storm.js';

/** Something that may happen during a storm; `trouble`: null where it always may. */
export interface Act {
  readonly trouble: Trouble | null;
  /** How often, against the others. */
  readonly weight: number;
  readonly run: (storm: Storm) => void;
}

export const between = (storm: Storm, min: number, max: number): number => storm.random.between(min, max);
