import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import type { StreamSource } from './stream-source.js';
import type { Timers } from './timers.js';

/** How long the end of it is waited for: some seconds of media, over a slow line. */
const PAST_MS_MAX = 2000;

/** The last seconds of a publish that another origin had: they come at once, and are kept as if they had come here. */
export class PublisherPast {
  readonly #source: StreamSource;
  readonly #timers: Timers;
  readonly #onOver: () => void;
  readonly #stopTimer: () => void;
  #isOver = false;

  /** `onOver` is called once all of it is here, or it took too long. */
  constructor(source: StreamSource, timers: Timers, onOver: () => void) {
    this.#source = source;
    this.#timers = timers;
    this.#onOver = onOver;
    this.#stopTimer = timers.after(PAST_MS_MAX, () => this.#end());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  take(frame: Frame): void {
    if (isReplayEnd(frame)) this.#end();
    else this.#source.take(frame, this.#timers.nowMs());
  }

  /** The publisher is gone. */
  cancel(): void {
    this.#isOver = true;
    this.#stopTimer();
  }

  #end(): void {
    if (this.#isOver) return;
    this.cancel();
    this.#onOver();
  }
}
