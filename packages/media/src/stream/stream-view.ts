import type { PlayerView, StreamView } from '../media-views.js';
import type { PlayerFeed } from './player-feed.js';
import type { SourceAbout } from './stream-source.js';

type SourceView = Pick<StreamView, 'source' | 'publisher' | 'relayFrom' | 'relayThrough' | 'relayWorker'>;

/** Who feeds a stream, as operators see it; null: nobody does. */
export function viewOfSource(about: SourceAbout | null): SourceView {
  if (about === null) return { source: 'none' };
  if (about.kind === 'publisher') {
    const { remote, agent, protocol } = about;
    return { source: 'publisher', publisher: { remote, agent, protocol } };
  }
  const { from, through, worker } = about;
  return {
    source: 'relay',
    relayFrom: from,
    ...(through === null ? {} : { relayThrough: through }),
    ...(worker === undefined ? {} : { relayWorker: worker }),
  };
}

/** A player or pull. `isFed`: its stream has a source. */
export function viewOfPlayer({ player, framesDropped }: PlayerFeed, isFed: boolean): PlayerView {
  const { id, protocol, remote, agent, sinceMs, queue } = player;
  const state = isFed ? 'playing' : 'waiting';
  const { sentBytes: bytesOut, queuedBytes: queueBytes } = queue;
  return { id, protocol, remote, agent, sinceMs, state, bytesOut, queueBytes, framesDropped };
}
