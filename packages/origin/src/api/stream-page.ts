import { Slice, type StreamKey } from '@headwater/directory';
import type { ApiSource } from './api-source.js';
import { cursorOf, matchesOwners, type StreamQuery, seekName } from './stream-query.js';
import { type ApiStream, apiStream } from './streams.js';
import type { Turns } from './turns.js';

/** Answer of `GET /api/v1/streams`. */
export interface ApiStreamPage {
  readonly streams: readonly ApiStream[];
  /** To be given as `cursor` for the streams that follow; absent where these are the last. */
  readonly next?: string;
  /** Streams with an owner in the whole mesh, whatever was asked for. */
  readonly total: number;
}

/** Keys looked up at once. */
const CHUNK = 256;

/**
 * Every stream that somebody owns, or that somebody plays or waits for on this member, in the order of their keys: one
 * page. However many streams there are, it works on them slice by slice, and sees the changes that come meanwhile.
 */
export async function pageStreams(
  source: ApiSource,
  query: StreamQuery,
  turns: Turns,
): Promise<ApiStreamPage> {
  const work = new SlicedWork(turns);
  await turns.next();
  // One more than asked for tells whether another page follows.
  const owned = await ownedKeys(source, query, query.limit + 1, work);
  const unowned = await unownedKeys(source, query, query.limit + 1, work);
  const keys = [...new Set([...owned, ...unowned].sort())];
  const streams: ApiStream[] = [];
  for (const key of keys.slice(0, query.limit)) {
    await work.pause();
    streams.push(apiStream(source, key, source.playersHere(key)));
  }
  const last = keys[query.limit - 1];
  return {
    streams,
    ...(keys.length > query.limit && last !== undefined && { next: cursorOf(last) }),
    total: source.directory.streamCount,
  };
}

class SlicedWork {
  readonly #turns: Turns;
  #slice = new Slice(() => performance.now());

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Before each item: waits for the next turn where this one was long enough. */
  async pause(): Promise<void> {
    if (!this.#slice.isOver) return;
    await this.#turns.next();
    this.#slice = new Slice(() => performance.now());
  }
}

const startOf = ({ after }: StreamQuery): StreamKey => (after === null ? '' : `${after}\u0000`);

async function ownedKeys(
  { directory }: ApiSource,
  query: StreamQuery,
  max: number,
  work: SlicedWork,
): Promise<StreamKey[]> {
  const found: StreamKey[] = [];
  let from: StreamKey | null = query.state === 'unowned' ? null : startOf(query);
  while (from !== null && found.length < max) {
    const keys: readonly StreamKey[] = directory.keysFrom(from, CHUNK);
    const last = keys.at(-1);
    from = last === undefined ? null : `${last}\u0000`;
    for (const key of keys) {
      await work.pause();
      const sought = seekName(query, key);
      if (sought !== key) {
        from = sought;
        break;
      }
      const owners = directory.owners(key);
      if (owners.length > 0 && matchesOwners(query, owners)) found.push(key);
      if (found.length >= max) break;
    }
  }
  return found;
}

/** Those that are only played or waited for here: the first of them, found without sorting all. */
async function unownedKeys(
  source: ApiSource,
  query: StreamQuery,
  max: number,
  work: SlicedWork,
): Promise<StreamKey[]> {
  const found: StreamKey[] = [];
  if (!matchesOwners(query, [])) return found;
  const from = startOf(query);
  for (const key of source.hereKeys()) {
    await work.pause();
    const last = found[max - 1];
    if (key < from || (last !== undefined && key > last)) continue;
    if (seekName(query, key) !== key || source.directory.owners(key).length > 0) continue;
    found.splice(placeOf(found, key), 0, key);
    if (found.length > max) found.pop();
  }
  return found;
}

function placeOf(keys: readonly StreamKey[], key: StreamKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
