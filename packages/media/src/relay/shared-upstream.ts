import type { OwnerRoute } from '../protocols/sibling/sibling-session.js';
import { isReplayEnd } from '../stream/frame-history.js';
import { type SiblingPull, SiblingPulls } from '../stream/sibling-pulls.js';
import { RECONNECT_MS, REPLAY_MS_MAX } from '../stream/source-switch.js';
import type { StreamLimits } from '../stream/stream-limits.js';
import { StreamSource } from '../stream/stream-source.js';
import type { Timers } from '../stream/timers.js';
import type { Upstream, UpstreamEnd, UpstreamEvents } from '../stream/upstream.js';
import type { Frame } from '../wire/frame.js';

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
 * is what the owner sends and nothing else: which source feeds their players is decided by each of them. It asks for as
 * much of the past as owners keep, so a worker that has to find its place in it finds as much here as there.
 */
export class SharedUpstream {
  readonly #parts: SharedParts;
  readonly #source: StreamSource;
  readonly #pulls = new SiblingPulls();
  readonly #fed = new Map<SiblingPull, Fed>();
  readonly #upstream: Upstream;
  readonly #onOver: () => void;
  /** The owner's replay is over; until then workers wait, since they are to get all of it and then its end. */
  #isLive = false;
  #isOver = false;
  #heardMs: number;
  #stopTimer: () => void = () => {};

  /** `onOver` is called where it ended by itself, before its workers hear of it. */
  constructor(route: OwnerRoute, parts: SharedParts, onOver: () => void) {
    this.#parts = parts;
    this.#onOver = onOver;
    const { timers } = parts;
    const { key, owner, through } = route;
    const limits = parts.limitsOf(key);
    this.#heardMs = timers.nowMs();
    const about = { kind: 'relay', from: owner, name: owner, through } as const;
    this.#source = new StreamSource(0, about, limits, this.#heardMs);
    this.#pulls.begin(this.#source);
    this.#upstream = parts.open(route, limits.replayMs, {
      started: () => {
        this.#heardMs = timers.nowMs();
        if (limits.replayMs === 0) this.#goLive();
        else this.#stopTimer = timers.after(REPLAY_MS_MAX, () => this.#goLive());
      },
      frame: (frame) => {
        if (isReplayEnd(frame)) this.#goLive();
        else this.#take(frame);
      },
      ended: (end) => this.end(end),
    });
  }

  /** Workers that are fed, or are about to be. */
  get size(): number {
    return this.#fed.size;
  }

  /** It has been silent for so long that its connection may be dead. */
  get isStale(): boolean {
    return this.#parts.timers.nowMs() - this.#heardMs >= RECONNECT_MS;
  }

  /** Events come later, never within the call. */
  add(pull: SiblingPull, replayMs: number, events: SharedEvents): void {
    const fed = { pull, replayMs, events };
    this.#fed.set(pull, fed);
    if (!this.#isLive) return;
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
    if (this.#isOver) return;
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
    this.#isOver = true;
    this.#stopTimer();
    this.#upstream.close();
  }

  #goLive(): void {
    if (this.#isLive || this.#isOver) return;
    this.#isLive = true;
    this.#stopTimer();
    for (const fed of [...this.#fed.values()]) this.#begin(fed);
  }

  #begin({ pull, replayMs, events }: Fed): void {
    events.started();
    // What it did then may have ended it.
    if (this.#fed.has(pull)) this.#pulls.add(pull, replayMs, this.#parts.timers.nowMs());
  }

  #take(frame: Frame): void {
    this.#heardMs = this.#parts.timers.nowMs();
    for (const taken of this.#source.take(frame, this.#heardMs)) this.#pulls.take(taken);
  }
}
