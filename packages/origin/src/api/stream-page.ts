import type { StreamKey } from '@headwater/directory';
import type { Answer } from '../plane/media-plane.js';
import { SlicedWork } from '../plane/sliced-work.js';
import type { ApiSource } from './api-source.js';
import type { ApiStream, ApiStreamPage } from './schemas/stream.js';
import { cursorOf, matchesOwners, type StreamQuery, seekName } from './stream-query.js';
import { apiStream } from './streams.js';
import type { Turns } from './turns.js';

/** Keys looked up at once. */
const CHUNK = 256;
/** Keys looked at between two looks at the clock, which costs as much as some of them. */
const KEYS_PER_LOOK = 32;
/** Keys asked of the workers at once: each walks all that it has for them. */
const HERE_CHUNK = 4096;

/**
 * Every stream that somebody owns, or that somebody plays or waits for on this member, in the order of their keys: one
 * page. However many streams there are, it works on them slice by slice, and sees the changes that come meanwhile.
 */
export async function pageStreams(
  source: ApiSource,
  query: StreamQuery,
  turns: Turns,
): Promise<ApiStreamPage> {
  const work = new SlicedWork(() => turns.next(), KEYS_PER_LOOK);
  await turns.next();
  // One more than asked for tells whether another page follows.
  const isRare = query.owner !== undefined || query.state === 'silent';
  const owned = await (isRare ? claimedKeys : ownedKeys)(source, query, query.limit + 1, work);
  const unowned = await unownedKeys(source, query, query.limit + 1, work);
  const keys = [...new Set([...owned, ...unowned.value].sort())];
  const shown = keys.slice(0, query.limit);
  const players = await source.media.ask.playerCounts(shown);
  const streams: ApiStream[] = [];
  for (const [index, key] of shown.entries()) {
    if (work.isOver) await work.nextTurn();
    streams.push(apiStream(source, key, players.value[index] ?? 0));
  }
  const last = shown.at(-1);
  const unanswered = [...new Set([...players.unanswered, ...unowned.unanswered])].sort((a, b) => a - b);
  return {
    streams,
    ...(keys.length > query.limit && last !== undefined && { next: cursorOf(last) }),
    total: source.directory.streamCount,
    ...(unanswered.length > 0 && { unanswered }),
  };
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
  const isNamed = query.prefix !== undefined || query.app !== undefined;
  while (from !== null && found.length < max) {
    const keys: readonly StreamKey[] = directory.keysFrom(from, CHUNK);
    const last = keys.at(-1);
    from = last === undefined ? null : `${last}\u0000`;
    for (const key of keys) {
      if (work.isOver) await work.nextTurn();
      const sought = isNamed ? seekName(query, key) : key;
      if (sought !== key) {
        from = sought;
        break;
      }
      const owners = directory.owners(key);
      if (owners.length === 0 || !matchesOwners(query, owners)) continue;
      found.push(key);
      if (found.length >= max) break;
    }
  }
  return found;
}

/**
 * The same where few streams may match: by the claims of those who may own them, since to look for the owners of every stream
 * costs ten times as much. Of the keys that match, only as many are kept as are asked for.
 */
async function claimedKeys(
  { directory }: ApiSource,
  query: StreamQuery,
  max: number,
  work: SlicedWork,
): Promise<StreamKey[]> {
  const start = startOf(query);
  let found: StreamKey[] = [];
  let end: StreamKey | null = null;
  const members = [...directory.members()].filter(
    ({ id, profile }) => query.owner === undefined || id === query.owner || profile?.name === query.owner,
  );
  for (const { id } of members) {
    for (const { key, silent } of directory.claimsOf(id)) {
      if (work.isOver) await work.nextTurn();
      // Who is the best of a silent stream's owners is silent, and so all of them are.
      if (query.state === 'silent' && silent !== true) continue;
      if (key < start || (end !== null && key >= end) || seekName(query, key) !== key) continue;
      const owners = directory.owners(key);
      if (owners.length === 0 || !matchesOwners(query, owners)) continue;
      found.push(key);
      if (found.length < 2 * max) continue;
      found = [...new Set(found.sort())].slice(0, max);
      if (found.length === max) end = found.at(-1) ?? null;
    }
  }
  return [...new Set(found.sort())].slice(0, max);
}

/** Those that are only played or waited for here. */
async function unownedKeys(
  source: ApiSource,
  query: StreamQuery,
  max: number,
  work: SlicedWork,
): Promise<Answer<readonly StreamKey[]>> {
  const found: StreamKey[] = [];
  const unanswered = new Set<number>();
  let from: StreamKey | null = matchesOwners(query, []) ? startOf(query) : null;
  while (from !== null && found.length < max) {
    const here = await source.media.ask.streamKeys(from, HERE_CHUNK);
    for (const worker of here.unanswered) unanswered.add(worker);
    const last = here.value.at(-1);
    from = last === undefined || here.value.length < HERE_CHUNK ? null : `${last}\u0000`;
    for (const key of here.value) {
      if (work.isOver) await work.nextTurn();
      const sought = seekName(query, key);
      if (sought !== key) {
        // Those up to there are not asked for again; what is behind it may be in this answer already.
        if (sought === null) return { value: found, unanswered: [...unanswered] };
        if (from !== null && sought > from) from = sought;
        continue;
      }
      if (source.directory.owners(key).length === 0) found.push(key);
      if (found.length >= max) break;
    }
  }
  return { value: found, unanswered: [...unanswered] };
}
