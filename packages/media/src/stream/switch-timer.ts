import type { Timers } from './timers.js';

/** One timer, for when the next decision is due at the latest; one that is early does no harm. */
export class SwitchTimer {
  readonly #timers: Timers;
  readonly #onDue: () => void;
  #armed: { readonly atMs: number; readonly stop: () => void } | null = null;

  constructor(timers: Timers, onDue: () => void) {
    this.#timers = timers;
    this.#onDue = onDue;
  }

  /** `atMs` by the timers' clock; infinite: no decision is due. */
  arm(atMs: number): void {
    const isAwaiting = atMs !== Number.POSITIVE_INFINITY;
    if (isAwaiting && this.#armed !== null && this.#armed.atMs <= atMs) return;
    this.stop();
    if (!isAwaiting) return;
    const stop = this.#timers.after(Math.max(0, atMs - this.#timers.nowMs()), () => {
      this.#armed = null;
      this.#onDue();
    });
    this.#armed = { atMs, stop };
  }

  stop(): void {
    this.#armed?.stop();
    this.#armed = null;
  }
}
