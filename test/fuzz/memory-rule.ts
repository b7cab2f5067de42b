import type { ProbeSample } from './member-probe.js';

/** What may be held more at the end than when a quarter was done, after collection: caches and compiled code settle late. */
export const GROWTH_BYTES_MAX = 8 * 2 ** 20;
/** The same for the whole process, whose pages the allocator gives back as it likes. */
export const RSS_GROWTH_BYTES_MAX = 96 * 2 ** 20;
/** Samples of one side that are looked at together: the lowest counts, for sessions under way hold memory too. */
const WINDOW = 3;

const held = (sample: ProbeSample): number => sample.heapBytes + sample.externalBytes;

/**
 * Flat: the least that the last three samples hold is at most 8 MiB over the least of the three after the first
 * quarter; for rss 96 MiB. Null where it is flat or there are too few samples to say, else what grew.
 */
export function memoryProblem(samples: readonly ProbeSample[]): string | null {
  const settled = Math.ceil(samples.length / 4);
  if (samples.length < settled + 2 * WINDOW) return null;
  const before = samples.slice(settled, settled + WINDOW);
  const after = samples.slice(-WINDOW);
  const least = (of: readonly ProbeSample[], read: (sample: ProbeSample) => number) =>
    Math.min(...of.map(read));
  const grown = least(after, held) - least(before, held);
  const rss = least(after, (sample) => sample.rssBytes) - least(before, (sample) => sample.rssBytes);
  if (grown > GROWTH_BYTES_MAX) return `held memory grew by ${Math.round(grown / 1024)} KiB`;
  if (rss > RSS_GROWTH_BYTES_MAX) return `rss grew by ${Math.round(rss / 1024)} KiB`;
  return null;
}
