import type { StreamKey } from '@headwater/directory';
import type { ClientView, StreamView } from '@headwater/media';

/** What comes from another worker of this member tells less of where the stream is from. */
const rankOf = ({ source, relayWorker }: StreamView): number =>
  source === 'publisher' ? 0 : source === 'none' ? 3 : relayWorker === undefined ? 1 : 2;

/** One stream as its workers have it together: its source is the best of theirs, its players are all. */
export function mergeViews(views: readonly (StreamView | null)[], playersMax: number): StreamView | null {
  const there = views.filter((view) => view !== null).sort((a, b) => rankOf(a) - rankOf(b));
  const [best] = there;
  if (best === undefined) return null;
  const passesOn = [...new Set(there.flatMap((view) => view.passesOn ?? []))];
  return {
    ...best,
    players: there.flatMap(({ players }) => players).slice(0, playersMax),
    ...(passesOn.length > 0 && { passesOn }),
  };
}

/** The first of several ordered lists, each key once. */
export function mergeKeys(lists: readonly (readonly StreamKey[])[], max: number): readonly StreamKey[] {
  return [...new Set(lists.flat())].sort().slice(0, max);
}

/** The first clients by id of several lists in that order. */
export function mergeClients(lists: readonly (readonly ClientView[])[], max: number): readonly ClientView[] {
  return lists
    .flat()
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, max);
}
