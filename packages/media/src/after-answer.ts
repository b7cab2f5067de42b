import type { MediaLog } from './media-log.js';

/** The least that has the process sleep first: timers count whole milliseconds, of which one has begun. */
const AFTER_MS = 2;
/** With more than this waiting it is done at once: under load there is no sleep to wait for. */
const WAITING_MAX = 64;

/**
 * What an answer to a client does not need, such as its line in the log: done in order, a moment after the answer. A client that
 * the answer woke often runs on the same core as this process, and no sooner than this process sleeps.
 */
export class AfterAnswer {
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isCatchingUp = false;

  /** `work` must not throw; where it does all the same, what waits behind it is done with the next. */
  do(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length > WAITING_MAX) this.catchUp();
    else this.#timer ??= setTimeout(() => this.catchUp(), AFTER_MS);
  }

  /** Does now what waits, before something that must come after it. */
  catchUp(): void {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) work();
    } finally {
      this.#isCatchingUp = false;
    }
  }

  /** The same log, whose lines come after those that wait. */
  inOrder(log: MediaLog): MediaLog {
    const write =
      (level: keyof MediaLog) =>
      (fields: object, msg: string): void => {
        if (this.#waiting.length > 0) this.catchUp();
        log[level](fields, msg);
      };
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }
}
