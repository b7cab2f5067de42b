import type { StreamKey } from '@headwater/directory';
import type { Media, StreamTotal } from '@headwater/media';
import { firstKeys } from './first-keys.js';
import { nextTurn, SlicedWork } from './sliced-work.js';

/** The first `max` streams of one process in numbers, in the order of their keys, that are not before `from`. */
export async function streamTotalsOf(
  media: Media,
  from: StreamKey,
  max: number,
): Promise<readonly StreamTotal[]> {
  const totals: StreamTotal[] = [];
  const work = new SlicedWork(nextTurn);
  for (const key of await firstKeys(media.streamKeys(), from, max)) {
    if (work.isOver) await work.nextTurn();
    const total = media.streamTotal(key);
    if (total !== null) totals.push(total);
  }
  return totals;
}

/**
 * Those of several workers together, each in the order of their keys. What came in is that of the worker that got most: the
 * others have it from there.
 */
export function mergeStreamTotals(
  answers: readonly (readonly StreamTotal[])[],
  max: number,
): readonly StreamTotal[] {
  const places = answers.map(() => 0);
  const merged: StreamTotal[] = [];
  while (merged.length < max) {
    const next = firstOf(answers, places);
    if (next === null) break;
    merged.push(next);
  }
  return merged;
}

/** The totals of the key that comes next, which is passed by wherever it is; null at the end. */
function firstOf(answers: readonly (readonly StreamTotal[])[], places: number[]): StreamTotal | null {
  let first: StreamTotal | null = null;
  for (const [index, answer] of answers.entries()) {
    const one = answer[places[index] ?? 0];
    if (one === undefined) continue;
    if (first === null || one.key < first.key) first = one;
  }
  if (first === null) return null;
  const { key } = first;
  let sum: StreamTotal | null = null;
  for (const [index, answer] of answers.entries()) {
    const place = places[index] ?? 0;
    const one = answer[place];
    if (one?.key !== key) continue;
    places[index] = place + 1;
    sum = sum === null ? one : together(sum, one);
  }
  return sum;
}

const together = (a: StreamTotal, b: StreamTotal): StreamTotal => ({
  key: a.key,
  players: a.players + b.players,
  bytesIn: Math.max(a.bytesIn, b.bytesIn),
  bytesOut: a.bytesOut + b.bytesOut,
});
