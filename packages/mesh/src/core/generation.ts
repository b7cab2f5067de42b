/** Where the clock does not tell starts apart, a generation is this far beyond the last one at most, ms. */
export const GENERATION_STEP_MAX = 1_000;

/**
 * The generation of a start: Unix ms by the clock. Where the clock is not beyond the last generation (it went back), a
 * random step beyond that one: a copied data folder counts on from the same, and two starts of one generation would be one
 * log with two contents. A member that starts once a second lets the clock catch up nevertheless.
 *
 * `last`: of the start before; 0: none. `random`: 0 <= random() < 1.
 */
export function nextGeneration(last: number, now: number, random: () => number): number {
  const byClock = Math.floor(now);
  return byClock > last ? byClock : last + 1 + Math.floor(random() * GENERATION_STEP_MAX);
}
