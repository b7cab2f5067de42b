import type * as v from 'valibot';
import { NOTHING_READ, TOP_CLIENTS, TOP_MEMBERS, TOP_STREAMS, type TopReading } from './top-reading.js';
import type { TopState } from './top-state.js';

/** Streams asked for at once: the most that the API tells figures of. */
const STREAMS_MAX = 100;
/** Clients likewise. */
const CLIENTS_MAX = 500;

/** Asks the API for an answer of this shape; rejects with `HeadwaterError`. */
export type ReadApi = <T>(path: string, schema: v.GenericSchema<unknown, T>) => Promise<T>;

/** What one view needs, read anew. The rest stays as it was read before. */
export async function readTop(
  read: ReadApi,
  { view, filter }: Pick<TopState, 'view' | 'filter'>,
  before: TopReading,
  now: () => number,
): Promise<TopReading> {
  const { problem: _, ...kept } = before;
  const prefix = filter === '' ? '' : `&prefix=${encodeURIComponent(filter)}`;
  const [{ members }, streams, clients] = await Promise.all([
    read('/api/v1/members', TOP_MEMBERS),
    // The total stands in the title whatever is looked at.
    view === 'streams'
      ? read(`/api/v1/streams?figures=mesh&limit=${STREAMS_MAX}${prefix}`, TOP_STREAMS)
      : read('/api/v1/streams?limit=1', TOP_STREAMS),
    view === 'clients' ? read(`/api/v1/clients?limit=${CLIENTS_MAX}`, TOP_CLIENTS) : null,
  ]);
  const seen = view === 'clients' ? clients : streams;
  return {
    ...kept,
    members,
    streamsTotal: streams.total ?? streams.streams.length,
    streams: view === 'streams' ? streams.streams : kept.streams,
    clients: clients?.clients ?? kept.clients,
    hasMore: seen?.next !== undefined,
    missing: seen?.missing ?? [],
    heardMs: now(),
  };
}

export const readFirst = (
  read: ReadApi,
  state: Pick<TopState, 'view' | 'filter'>,
  now: () => number,
): Promise<TopReading> => readTop(read, state, NOTHING_READ, now);
