import type { OwnerRoute } from '../protocols/sibling/sibling-session.js';
import { PulledSource } from '../stream/pulled-source.js';
import { type SiblingPull, SiblingPulls } from '../stream/sibling-pulls.js';
import type { StreamLimits } from '../stream/stream-limits.js';
import type { Timers } from '../stream/timers.js';
import type { Upstream, UpstreamEnd, UpstreamEvents } from '../stream/upstream.js';

/** What one worker hears of it. Does not throw. */
export interface SharedEvents {
  /** The owner answered: frames come now. */
  started(): void;
  /** Last of all; not after it was removed. */
  ended(end: UpstreamEnd): void;
}

export interface SharedParts {
  limitsOf(key: string): StreamLimits;
  readonly timers: Timers;
  /** The one connection to the owner. */
  open(route: OwnerRoute, replayMs: number, events: UpstreamEvents): Upstream;
}

interface Fed {
  readonly pull: SiblingPull;
  readonly replayMs: number;
  readonly events: SharedEvents;
}

/**
 * One pull from one owner that feeds all workers of this member which play the stream, this one among them. What they get
 * is what the owner sends and nothing else: which source feeds their players is decided by each of them.
 */
export class SharedUpstream {
  readonly #parts: SharedParts;
  readonly #pulled: PulledSource;
  readonly #pulls = new SiblingPulls();
  readonly #fed = new Map<SiblingPull, Fed>();
  readonly #onOver: () => void;

  /** `onOver` is called where it ended by itself, before its workers hear of it. */
  constructor(route: OwnerRoute, parts: SharedParts, onOver: () => void) {
    this.#parts = parts;
    this.#onOver = onOver;
    const { timers } = parts;
    const { key, owner, through } = route;
    const limits = parts.limitsOf(key);
    this.#pulled = new PulledSource(
      { kind: 'relay', from: owner, name: owner, through },
      limits,
      timers,
      (replayMs, events) => parts.open(route, replayMs, events),
      {
        live: () => {
          for (const fed of [...this.#fed.values()]) this.#begin(fed);
        },
        frame: (taken) => {
          for (const each of taken) this.#pulls.take(each);
        },
        ended: (end) => this.end(end),
      },
    );
    this.#pulls.begin(this.#pulled.source);
  }

  /** Workers that are fed, or are about to be. */
  get size(): number {
    return this.#fed.size;
  }

  get isStale(): boolean {
    return this.#pulled.isStale;
  }

  /** Events come later, never within the call. */
  add(pull: SiblingPull, replayMs: number, events: SharedEvents): void {
    const fed = { pull, replayMs, events };
    this.#fed.set(pull, fed);
    if (!this.#pulled.isLive) return;
    this.#parts.timers.after(0, () => {
      if (this.#fed.get(pull) === fed) this.#begin(fed);
    });
  }

  /** Says whether it was here. */
  remove(pull: SiblingPull): boolean {
    this.#pulls.remove(pull);
    return this.#fed.delete(pull);
  }

  /** Ends the connection, and tells all who are fed. */
  end(end: UpstreamEnd): void {
    this.close();
    this.#onOver();
    const fed = [...this.#fed.values()];
    this.#fed.clear();
    for (const { pull, events } of fed) {
      this.#pulls.remove(pull);
      events.ended(end);
    }
  }

  /** The same without a word. */
  close(): void {
    this.#pulled.close();
  }

  #begin({ pull, replayMs, events }: Fed): void {
    events.started();
    // What it did then may have ended it.
    if (this.#fed.has(pull)) this.#pulls.add(pull, replayMs, this.#parts.timers.nowMs());
  }
}
