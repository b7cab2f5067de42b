import { Random } from './random.js';

/** Repeatable numbers of 0 <= value < 1, for those who need nothing else; a failing test prints its seed. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.fraction();
}
