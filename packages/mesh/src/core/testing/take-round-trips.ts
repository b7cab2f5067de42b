import { NO_LOAD } from '@headwater/directory';
import type { Peer } from '../peer.js';

export interface Measure {
  readonly ms: number;
  /** How late the member said that it is, and how late this one was, ms. */
  readonly lateMs?: number;
  readonly ownLateMs?: number;
}

/** The member answers heartbeats, sent each five seconds, within so long. Neither side is late afterwards. */
export function takeRoundTrips(peer: Peer, measures: readonly Measure[]): void {
  measures.forEach(({ ms, lateMs = 0, ownLateMs = 0 }, index) => {
    const sentAt = 5_000 * (index + 1);
    peer.heartbeats.spoke(sentAt);
    peer.heartbeats.heard(
      {
        kind: 'heartbeat',
        position: { generation: 1, version: 1 },
        load: NO_LOAD,
        lateMs,
        sentAt: 0,
        echo: { sentAt, heldMs: 0 },
      },
      ownLateMs,
      sentAt + ms,
    );
  });
}

export const times = (count: number, measure: Measure): Measure[] => Array<Measure>(count).fill(measure);
