import type { StreamKey } from '@headwater/directory';
import { nextTurn, SlicedWork, type Turn } from './sliced-work.js';

/** The first `max` keys in order that are not before `from`: found without sorting all, in slices of this process's time. */
export async function firstKeys(
  keys: Iterable<StreamKey>,
  from: StreamKey,
  max: number,
  turn: Turn = nextTurn,
): Promise<StreamKey[]> {
  const found: StreamKey[] = [];
  const work = new SlicedWork(turn);
  for (const key of keys) {
    if (work.isOver) await work.nextTurn();
    const last = found[max - 1];
    if (key < from || (last !== undefined && key > last)) continue;
    found.splice(placeOf(found, key), 0, key);
    if (found.length > max) found.pop();
  }
  return found;
}

export function placeOf(keys: readonly StreamKey[], key: StreamKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
