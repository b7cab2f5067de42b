import type { Delta, Entry, OwnLog } from '@headwater/directory';
import type { BroadcastPace } from './broadcast-pace.js';
import { DELTAS_PER_FLUSH, PART_BYTES_MAX } from './limits.js';
import { entryBytes, fitting } from './wire-size.js';

/**
 * Gathers this member's own changes and says when they go out: a change after a quiet time at once, those that follow
 * as far apart as the pace says. Thousands of changes at once are a few messages.
 */
export class Outbox {
  readonly #log: OwnLog;
  readonly #pace: Pick<BroadcastPace, 'nextAt' | 'sent'>;
  #entries: Entry[] = [];
  /** How many of `entries` went out already; the others follow at once. */
  #sent = 0;
  #sentVersion: number;

  /** `sentVersion`: the log up to there is not to be sent. */
  constructor(log: OwnLog, pace: Pick<BroadcastPace, 'nextAt' | 'sent'>, sentVersion = 0) {
    this.#log = log;
    this.#sentVersion = sentVersion;
    this.#pace = pace;
  }

  /** When the gathered changes are due; null where there are none. */
  get dueAt(): number | null {
    if (this.#sent > 0) return Number.NEGATIVE_INFINITY;
    return this.#entries.length === 0 ? null : this.#pace.nextAt;
  }

  /** How far the log went out. */
  get sentVersion(): number {
    return this.#sentVersion;
  }

  put(entry: Entry): void {
    this.#entries.push(entry);
  }

  /**
   * The gathered changes as deltas that build upon each other, each small enough for one message: the first of them, since
   * thousands take long to encode. The others are due at once. `all`: no matter how long it takes.
   */
  flush(now: number, all = false): readonly Delta[] {
    const entries = this.#entries;
    if (entries.length === 0) return [];
    if (this.#sent === 0) this.#pace.sent(now);
    const deltas: Delta[] = [];
    while (this.#sent < entries.length && (all || deltas.length < DELTAS_PER_FLUSH)) {
      const end = this.#sent + fitting(entries, this.#sent, entryBytes, PART_BYTES_MAX);
      const part = entries.slice(this.#sent, end);
      const to = part.at(-1)?.version ?? this.#sentVersion;
      deltas.push({
        member: this.#log.member,
        generation: this.#log.generation,
        from: this.#sentVersion,
        to,
        entries: part,
      });
      this.#sentVersion = to;
      this.#sent = end;
    }
    if (this.#sent === entries.length) {
      this.#entries = [];
      this.#sent = 0;
    }
    return deltas;
  }
}
