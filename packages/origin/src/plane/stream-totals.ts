import type { StreamKey } from '@headwater/directory';
import type { Media, StreamTotal } from '@headwater/media';
import { firstKeys } from './first-keys.js';

/** The first `max` streams of one process in numbers, in the order of their keys, that are not before `from`. */
export async function streamTotalsOf(
  media: Media,
  from: StreamKey,
  max: number,
): Promise<readonly StreamTotal[]> {
  const keys = await firstKeys(media.streamKeys(), from, max);
  return keys.flatMap((key) => media.streamTotal(key) ?? []);
}

/**
 * Those of several workers together. What came in is that of the worker that got most: the others have it from there.
 */
export function mergeStreamTotals(
  answers: readonly (readonly StreamTotal[])[],
  max: number,
): readonly StreamTotal[] {
  const all = new Map<StreamKey, StreamTotal>();
  for (const one of answers.flat()) {
    const before = all.get(one.key);
    all.set(one.key, before === undefined ? one : together(before, one));
  }
  return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, max);
}

const together = (a: StreamTotal, b: StreamTotal): StreamTotal => ({
  key: a.key,
  players: a.players + b.players,
  bytesIn: Math.max(a.bytesIn, b.bytesIn),
  bytesOut: a.bytesOut + b.bytesOut,
});
