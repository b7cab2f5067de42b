import { PAGE_BYTES, PAGES } from '../stream/page-pool.js';
import type { StreamTable } from '../stream/stream-table.js';
import type { Figures } from './tally.js';

/** What streams count themselves, since the start. */
export function streamTotals(streams: StreamTable): Figures<number> {
  const { bytesIn, bytesOut, framesDropped } = streams.traffic;
  return {
    bytesIn: { ...bytesIn },
    bytesOut: { '': bytesOut },
    framesDropped: {
      'play.queueBytesMax': framesDropped.queueBytes,
      'play.queueMs': framesDropped.queueMs,
    },
  };
}

/** What streams hold at the moment. */
export function streamGauges(streams: StreamTable): Figures<number> {
  const players: Record<string, number> = {};
  const relayWays = { direct: 0, through: 0 };
  let queueBytes = 0;
  for (const stream of streams.values()) {
    const { source } = stream;
    if (source?.kind === 'relay' && source.worker === undefined)
      relayWays[source.through === null ? 'direct' : 'through'] += 1;
    for (const { player, isPull } of stream.clients()) {
      const labels = `${player.protocol} ${isPull ? 'relay' : 'play'}`;
      players[labels] = (players[labels] ?? 0) + 1;
      queueBytes += player.queue.queuedBytes;
    }
  }
  return { players, queueBytes: { '': queueBytes }, keptBytes: { '': PAGES.lent * PAGE_BYTES }, relayWays };
}
