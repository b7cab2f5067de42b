import type { PublishDesk } from './desks/publish/publish-desk.js';
import type { ClientRef, PublisherView } from './media-views.js';
import type { LiveStream } from './stream/live-stream.js';
import type { StreamTable } from './stream/stream-table.js';

/** Everybody who publishes or plays here, and other members' pulls. Nobody is looked at more closely than by its id. */
export function* clientRefs(publishes: PublishDesk, streams: StreamTable): Iterable<ClientRef> {
  for (const publisher of publishes.publishers()) yield publisherRef(publisher);
  for (const stream of streams.values()) yield* playRefs(stream);
}

function publisherRef(publisher: PublisherView): ClientRef {
  const { id, key, protocol, remote, agent, sinceMs, isFlowing, forwardedTo, bytesIn } = publisher;
  const about = { id, kind: 'publish', key, protocol, remote } as const;
  return {
    ...about,
    view: () => ({
      ...about,
      agent,
      sinceMs,
      state: isFlowing ? 'publishing' : 'silent',
      bytes: bytesIn,
      queueBytes: 0,
      framesDropped: 0,
      ...(forwardedTo === undefined ? {} : { forwardedTo }),
    }),
  };
}

function* playRefs(stream: LiveStream): Iterable<ClientRef> {
  for (const { player, isPull, view } of stream.clients()) {
    const { id, protocol, remote } = player;
    const about = { id, kind: isPull ? 'relay' : 'play', key: stream.key, protocol, remote } as const;
    yield {
      ...about,
      view: () => {
        const { bytesOut, ...rest } = view();
        return { ...rest, ...about, bytes: bytesOut };
      },
    };
  }
}
