import type { OriginEvent } from './origin-event.js';

/** How many events are kept for who asks later. */
export const EVENTS_KEPT_MAX = 1000;

export interface KeptEvent {
  /** Counts events of this process, from 1. */
  readonly number: number;
  /** Unix ms. */
  readonly atMs: number;
  readonly event: OriginEvent;
  /** Name of the member that saw it; absent: this one, whose own log it is. */
  readonly seenBy?: string;
}

/** What came after some event. `missed`: so many between it and the first of these were let go of meanwhile. */
export interface Passage {
  readonly events: readonly KeptEvent[];
  readonly missed: number;
}

/**
 * The last events of this process. Who follows keeps its own place and reads on from there, so that however slow it is,
 * nothing waits for it and nothing more is kept: it is told how many it has missed.
 */
export class EventLog {
  /** Events of other processes, such as this member's before its restart, have another epoch. */
  readonly epoch: string;
  readonly #now: () => number;
  readonly #ring: KeptEvent[] = [];
  #last = 0;
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(kept: KeptEvent) => void>();

  /** `now`: Unix ms. */
  constructor(epoch: string, now: () => number) {
    this.epoch = epoch;
    this.#now = now;
  }

  /** Number of the newest event; 0: none yet. */
  get last(): number {
    return this.#last;
  }

  get followers(): number {
    return this.#waiting.size;
  }

  /** `how`: of what another log had before. */
  tell(event: OriginEvent, how: { readonly atMs?: number; readonly seenBy?: string } = {}): void {
    this.#last += 1;
    const kept: KeptEvent = { number: this.#last, atMs: this.#now(), event, ...how };
    this.#ring[this.#last % EVENTS_KEPT_MAX] = kept;
    for (const listener of this.#listeners) listener(kept);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Called for each event as it is told. Must not throw. Returns how to stop being called. */
  onTold(listener: (kept: KeptEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** At most `max` events after that number. */
  after(number: number, max: number): Passage {
    const first = Math.max(number + 1, this.#last - EVENTS_KEPT_MAX + 1, 1);
    const events: KeptEvent[] = [];
    for (let at = first; at <= this.#last && events.length < max; at += 1) {
      const kept = this.#ring[at % EVENTS_KEPT_MAX];
      if (kept !== undefined) events.push(kept);
    }
    return { events, missed: first - number - 1 };
  }

  /** Resolves once there is an event after that number, or the signal aborts. */
  changed(number: number, signal: AbortSignal): Promise<void> {
    if (this.#last > number || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  idOf(number: number): string {
    return `${this.epoch}-${number}`;
  }

  /**
   * The place that an id names: after it. Of another epoch, or none of ours: before all that is kept, and `isStrange`, for
   * what came between is not known.
   */
  placeOf(id: string): { readonly number: number; readonly isStrange: boolean } {
    const [, epoch, number] = /^(\w{1,32})-(\d{1,15})$/.exec(id) ?? [];
    if (epoch === this.epoch && Number(number) <= this.#last)
      return { number: Number(number), isStrange: false };
    return { number: Math.max(0, this.#last - EVENTS_KEPT_MAX), isStrange: true };
  }
}
