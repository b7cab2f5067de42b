import type { StreamKey } from '@headwater/directory';
import type { ClientRef, ClientView, Media, MediaEventListener } from '@headwater/media';
import { firstClients, matchesFilter } from './first-clients.js';
import { firstKeys } from './first-keys.js';
import type { Answer, ClientFilter, MediaPlane, MediaQuestions } from './media-plane.js';
import { streamTotalsOf } from './stream-totals.js';

/** The media of a member that runs in this very process (`workers: 0`): every answer is at hand. */
export function oneProcess(create: (tell: MediaEventListener) => Media): MediaPlane {
  const listeners = new Set<MediaEventListener>();
  const media = create((event) => {
    for (const listener of listeners) listener(event);
  });
  return {
    ask: questionsTo(media),
    start: () => media.start(),
    stop: () => media.stop(),
    get ports() {
      return media.ports;
    },
    waitingFor: null,
    refusePublishers: (forwards) => media.refusePublishers(forwards),
    askPublishersToReconnect: () => media.askPublishersToReconnect(),
    closePublishers: (which) => media.closePublishers(which),
    pauseRtmp: () => media.pauseRtmp(),
    resumeRtmp: () => media.resumeRtmp(),
    acceptPublishers: () => media.acceptPublishers(),
    configure: (settings) => media.configure(settings),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setLogLevel: () => {},
    told: () => ({
      ...media.load(),
      connections: media.connections,
      isFull: media.isFull,
      faults: media.faults(),
    }),
    workers: () => [],
    figures: () => media.figures(),
  };
}

/** Every answer is whole. */
function questionsTo(media: Media): MediaQuestions {
  const asks = asksOfClients(media);
  return {
    load: async () => whole(media.load()),
    pulls: async () => whole(media.pulls()),
    streamKeys: async (from, max) => whole(await firstKeys(media.streamKeys(), from, max)),
    stream: async (key, playersMax) => whole(media.stream(key, playersMax) ?? null),
    playerCounts: async (keys) => whole(keys.map((key) => media.playerCount(key))),
    clients: async (filter, after, max) => whole(await asks.clients(filter, after, max)),
    kick: async (id) => whole(asks.kick(id)),
    endPublish: async (key) => whole(asks.endPublish(key)),
    streamTotals: async (from, max) => whole(await streamTotalsOf(media, from, max)),
    publishersAsked: async () => whole(media.publishersAsked()),
  };
}

const whole = <T>(value: T): Answer<T> => ({ value, unanswered: [] });

function find(clients: Iterable<ClientRef>, isMeant: (client: ClientRef) => boolean): ClientRef | undefined {
  for (const client of clients) if (isMeant(client)) return client;
  return undefined;
}

/** What operators ask about clients, of the media of one process. */
export function asksOfClients(media: Media) {
  return {
    clients: (filter: ClientFilter, after: string, max: number): Promise<readonly ClientView[]> =>
      firstClients(media.clients(), filter, after, max),
    kick: (id: string): boolean => media.kick(id),
    endPublish: (key: StreamKey): boolean => {
      const publisher = find(media.clients(), (one) => matchesFilter(one, { key, kind: 'publish' }));
      return publisher !== undefined && media.kick(publisher.id);
    },
  };
}
