import { Slice, type StreamKey } from '@headwater/directory';

/** Resolves when other work of this process has had its turn. */
export type Turn = () => Promise<void>;

export const nextTurn: Turn = () => new Promise((resolve) => setImmediate(resolve));

/** The first `max` keys in order that are not before `from`: found without sorting all, in slices of this process's time. */
export async function firstKeys(
  keys: Iterable<StreamKey>,
  from: StreamKey,
  max: number,
  turn: Turn = nextTurn,
): Promise<StreamKey[]> {
  const found: StreamKey[] = [];
  let slice = new Slice(() => performance.now());
  for (const key of keys) {
    if (slice.isOver) {
      await turn();
      slice = new Slice(() => performance.now());
    }
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
