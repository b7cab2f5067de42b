import { OwnTime } from './own-time.js';
import { PING_EVERY_MS } from './worker-life.js';

/** A worker that has heard nothing of main for so long ends, ms. By then the mesh has called the member dead. */
export const MAIN_SILENT_MS = 10_000;
/** To be looked so often, ms. */
export const MAIN_LOOK_MS = PING_EVERY_MS;

/**
 * Whether main is still there, as a worker sees it. Main says something to each worker every second; one that hears nothing serves a
 * member that nobody else knows any more: its publishers are better off where they are seen. Time is the worker's own:
 * while it stood still itself, as on a machine that was suspended, main was not silent.
 */
export class MainWatch {
  readonly #time: OwnTime;
  /** Null: main has said nothing yet, so nothing is expected of it. */
  #heardMs: number | null = null;

  constructor(nowMs: number) {
    this.#time = new OwnTime(nowMs, 2 * MAIN_LOOK_MS);
  }

  /** Main said something. */
  heard(nowMs: number): void {
    this.#heardMs = this.#time.at(nowMs);
  }

  /** To be called each `MAIN_LOOK_MS`. */
  isMainSilent(nowMs: number): boolean {
    const ownMs = this.#time.at(nowMs);
    return this.#heardMs !== null && ownMs - this.#heardMs >= MAIN_SILENT_MS;
  }
}
