import type { Frame } from '../wire/frame.js';

/** Without media for this long a source pauses; less is jitter. */
const PAUSE_MS_MIN = 500;
/** Longest pause that is believed. */
const PAUSE_MS_MAX = 10_000;
/** What lies further apart by its clock has a gap between. */
const STEP_MS_MAX = 500;
/** What a burst must bring, as a share of the pause before it, so that it makes up for that. */
const COVERED_MIN = 0.75;
/** So many pauses in a row make a habit; of so many the longest counts. */
const PAUSES_MIN = 2;
const PAUSES_MAX = 4;

type Kind = Frame['kind'];

/**
 * Finds out that a source's media comes in bursts: so it is with who reads segments of a playlist (HLS), and sends each as
 * fast as it comes. A pause between bursts is no silence. Pure; times are monotonic, ms.
 *
 * A pause counts where the burst after it brings as much media as the pause took, in less time. Who merely stops and goes
 * on brings less; and who sends for longer than it paused has no such habit any more.
 */
export class BurstWatch {
  #beganMs: number | null = null;
  #arrivedMs = 0;
  /** The pause before the present burst, while that may make up for it; else null. */
  #pauseMs: number | null = null;
  readonly #lastMs = new Map<Kind, number>();
  readonly #broughtMs = new Map<Kind, number>();
  #pauses: readonly number[] = [];

  /** The longest of the last pauses, where they are a habit; else 0. */
  get pauseMs(): number {
    return this.#pauses.length < PAUSES_MIN ? 0 : Math.max(...this.#pauses);
  }

  /** Media came. Of a replay only what is new counts: its past comes again with each. */
  came({ kind, timestampMs }: Frame, isReplayed: boolean, nowMs: number): void {
    const stepMs = (timestampMs - (this.#lastMs.get(kind) ?? timestampMs)) | 0;
    if (isReplayed && this.#lastMs.has(kind) && stepMs <= 0) return;
    this.#lastMs.set(kind, timestampMs);
    this.#arrived(nowMs);
    const pauseMs = this.#pauseMs;
    if (pauseMs === null) return;
    const broughtMs = (this.#broughtMs.get(kind) ?? 0) + (stepMs > 0 && stepMs < STEP_MS_MAX ? stepMs : 0);
    this.#broughtMs.set(kind, broughtMs);
    if (broughtMs < COVERED_MIN * pauseMs || nowMs - (this.#beganMs ?? nowMs) >= pauseMs) return;
    this.#pauses = [...this.#pauses, pauseMs].slice(-PAUSES_MAX);
    this.#pauseMs = null;
  }

  #arrived(nowMs: number): void {
    const pauseMs = nowMs - this.#arrivedMs;
    this.#arrivedMs = nowMs;
    if (this.#beganMs === null) this.#beganMs = nowMs;
    else if (pauseMs >= PAUSE_MS_MIN) this.#endPause(pauseMs, nowMs);
    else if (this.#pauses.length > 0 && nowMs - this.#beganMs > Math.max(...this.#pauses)) this.#pauses = [];
  }

  #endPause(pauseMs: number, nowMs: number): void {
    // The burst before it did not make up for the pause before that.
    if (this.#pauseMs !== null) this.#pauses = [];
    this.#pauseMs = pauseMs <= PAUSE_MS_MAX ? pauseMs : null;
    if (this.#pauseMs === null) this.#pauses = [];
    this.#beganMs = nowMs;
    this.#broughtMs.clear();
  }
}
