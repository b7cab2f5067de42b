import type { ClientRef, ClientView } from '@headwater/media';
import { placeOf } from './first-keys.js';
import type { ClientFilter } from './media-plane.js';
import { nextTurn, SlicedWork, type Turn } from './sliced-work.js';

/**
 * The first `max` clients by id that are meant and come after `after`: found without sorting all, in slices of this
 * process's time. Only these are looked at more closely.
 */
export async function firstClients(
  clients: Iterable<ClientRef>,
  filter: ClientFilter,
  after: string,
  max: number,
  turn: Turn = nextTurn,
): Promise<ClientView[]> {
  const ids: string[] = [];
  const found = new Map<string, ClientRef>();
  const work = new SlicedWork(turn);
  for (const client of clients) {
    if (work.isOver) await work.nextTurn();
    const { id } = client;
    const last = ids[max - 1];
    if (id <= after || (last !== undefined && id > last) || !matchesFilter(client, filter)) continue;
    ids.splice(placeOf(ids, id), 0, id);
    found.set(id, client);
    if (ids.length > max) found.delete(ids.pop() ?? '');
  }
  return ids.flatMap((id) => found.get(id)?.view() ?? []);
}

export function matchesFilter(
  client: ClientRef,
  { id, key, kind, protocol, address }: ClientFilter,
): boolean {
  return (
    (id === undefined || client.id === id) &&
    (key === undefined || client.key === key) &&
    (kind === undefined || client.kind === kind) &&
    (protocol === undefined || client.protocol === protocol) &&
    (address === undefined || client.remote.startsWith(address))
  );
}
