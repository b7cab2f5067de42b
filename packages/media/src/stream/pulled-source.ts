import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import { RECONNECT_MS, REPLAY_BY_HEAD_MS_MAX, REPLAY_MS_MAX } from './source-switch.js';
import type { RelayAbout } from './source-telling.js';
import type { StreamLimits } from './stream-limits.js';
import { StreamSource, type TakenPacket } from './stream-source.js';
import type { Timers } from './timers.js';
import type { Upstream, UpstreamEnd, UpstreamEvents } from './upstream.js';

export interface PulledSourceEvents {
  /** The owner's replay is over, or took too long: whoever is fed by it can begin. Once. */
  live(): void;
  /** What the source made of a frame. */
  frame(taken: readonly TakenPacket[]): void;
  /** Last of all, and not after `close`. */
  ended(end: UpstreamEnd): void;
}

/**
 * A source that is pulled from an owner to be given to several: it asks for as much of the past as owners keep, so that
 * whoever has to find its place in it finds as much here as there. Until that has come all of them wait, since they are to
 * get all of it and then its end.
 */
export class PulledSource {
  readonly source: StreamSource;
  readonly #timers: Timers;
  readonly #events: PulledSourceEvents;
  readonly #upstream: Upstream;
  #isLive = false;
  #isClosed = false;
  #hasFrames = false;
  #heardMs: number;
  #stopTimer: () => void = () => {};

  /** `open` makes the connection to the owner; its events come later, never within the call. */
  constructor(
    about: RelayAbout,
    limits: StreamLimits,
    timers: Timers,
    open: (replayMs: number, events: UpstreamEvents) => Upstream,
    events: PulledSourceEvents,
  ) {
    this.#timers = timers;
    this.#events = events;
    this.#heardMs = timers.nowMs();
    this.source = new StreamSource(0, about, limits, this.#heardMs);
    this.source.isReplaying = limits.replayMs > 0;
    this.#upstream = open(limits.replayMs, {
      started: () => this.#answered(limits.replayMs),
      frame: (frame) => {
        if (isReplayEnd(frame)) this.#goLive();
        else this.#take(frame);
      },
      ended: (end) => {
        if (this.#isClosed) return;
        this.#stopTimer();
        events.ended(end);
      },
    });
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** It has been silent for so long that its connection may be dead. */
  get isStale(): boolean {
    return this.#timers.nowMs() - this.#heardMs >= RECONNECT_MS;
  }

  /** Ends the connection. Nothing is told after it. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#upstream.close();
    this.source.endHistory();
  }

  #answered(replayMs: number): void {
    this.#heardMs = this.#timers.nowMs();
    if (replayMs === 0) this.#goLive();
    else if (!this.#isByHead) this.#stopTimer = this.#timers.after(REPLAY_MS_MAX, () => this.#goLive());
    else this.#stopTimer = this.#timers.after(REPLAY_BY_HEAD_MS_MAX, () => this.#endWait());
  }

  get #isByHead(): boolean {
    const { about } = this.source;
    return about.kind === 'relay' && about.through !== null;
  }

  /** A head says at least that there is no past. One that said nothing will not. */
  #endWait(): void {
    if (this.#hasFrames) {
      this.#goLive();
      return;
    }
    this.close();
    const text = `the member on the way gave nothing within ${REPLAY_BY_HEAD_MS_MAX} ms`;
    this.#events.ended({ code: 'deadline', text, isOrdinary: false });
  }

  #goLive(): void {
    if (this.#isLive || this.#isClosed) return;
    this.#isLive = true;
    this.source.isReplaying = false;
    this.#stopTimer();
    this.#events.live();
  }

  #take(frame: Frame): void {
    this.#hasFrames = true;
    this.#heardMs = this.#timers.nowMs();
    this.#events.frame(this.source.take(frame, this.#heardMs));
  }
}
