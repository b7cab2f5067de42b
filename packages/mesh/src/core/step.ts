import { Effects } from './effects.js';

/** One step of the core: when it happens, and what is to be done after it. One is made for each input. */
export class Step {
  /** Ms of a clock that never goes back. */
  readonly now: number;
  readonly effects = new Effects();

  constructor(now: number) {
    this.now = now;
  }
}
