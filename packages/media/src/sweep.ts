import type { PublishDesk } from './desks/publish/publish-desk.js';
import type { Fence } from './fence.js';
import type { MediaTally } from './figures/media-tally.js';
import type { MediaLog } from './media-log.js';
import type { SiblingListener } from './protocols/sibling/sibling-listener.js';
import type { OutboundRate } from './stream/outbound-rate.js';
import type { StreamTable } from './stream/stream-table.js';

/** How often stuck players and idle publishers are looked for, and the outbound rate is measured. */
const SWEEP_MS = 1000;

export interface SweepParts {
  readonly streams: StreamTable;
  readonly publishes: PublishDesk;
  /** Null where this member has one worker. */
  readonly siblings: SiblingListener | null;
  readonly rate: OutboundRate;
  readonly tally: MediaTally;
  readonly fence: Fence;
  readonly log: MediaLog;
}

/** Looks once a second for who takes or sends nothing any more, and ends it. */
export class Sweep {
  readonly #parts: SweepParts;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #sweep(): void {
    const { streams, publishes, siblings, rate, fence } = this.#parts;
    const nowMs = performance.now();
    rate.sample(streams.traffic.bytesOut, nowMs);
    fence.runTask('end idle publishers', () => publishes.endIdle(nowMs));
    fence.runTask('end stuck players', () => this.#endStuck(nowMs));
    fence.runTask('end stuck workers', () => siblings?.endStuck(nowMs));
    void siblings?.lookAfterSocket(nowMs);
  }

  #endStuck(nowMs: number): void {
    const { streams, tally, log } = this.#parts;
    for (const stream of [...streams.values()]) {
      for (const { id, remote, protocol } of stream.endStuckPlayers(nowMs)) {
        tally.add('disconnects', 'stuck');
        const about = { key: stream.key, id, client: remote, protocol };
        log.warn({ ...about, reason: 'stuck' }, 'player disconnected');
      }
    }
  }
}
