import { type Draining, drain } from './drain.js';

export interface DrainControlParts extends Pick<Draining, 'directory' | 'log' | 'now' | 'pause'> {
  readonly media: Draining['media'] & { acceptPublishers(): void };
  /** `drain.deadlineMs`; 0: a member that is asked to end does not drain. */
  readonly deadlineMs: number;
  /** Tells all members whether this one drains. */
  announce(isDraining: boolean): void;
}

/** Where an operator drains a member whose configuration has no time for it, ms. */
const OPERATOR_DEADLINE_MS = 10_000;

type State =
  | { readonly kind: 'staying' }
  /** `isFinal`: the process ends afterwards, so nobody cancels it. */
  | { readonly kind: 'draining'; readonly isFinal: boolean; readonly done: Promise<void> };

/**
 * Whether this member leaves: since its process was asked to end, or since an operator wants nobody on it. The latter may
 * be cancelled; until then it stays drained, however long that takes.
 */
export class DrainControl {
  readonly #parts: DrainControlParts;
  #state: State = { kind: 'staying' };
  /** How often a drain was cancelled: one that began before the last time ends where it is. */
  #cancelled = 0;

  constructor(parts: DrainControlParts) {
    this.#parts = parts;
  }

  get isDraining(): boolean {
    return this.#state.kind === 'draining';
  }

  /** The process is to end: resolves when it may. Never rejects. */
  drainToEnd(): Promise<void> {
    const { deadlineMs } = this.#parts;
    if (this.#state.kind === 'draining') {
      const { done } = this.#state;
      this.#state = { kind: 'draining', isFinal: true, done };
      // An operator may have given it longer than the end of the process may take.
      return Promise.race([done, this.#parts.pause(deadlineMs)]);
    }
    if (deadlineMs === 0) return Promise.resolve();
    return this.#begin(deadlineMs, true);
  }

  /** False where it drains already. */
  drain(deadlineMs = this.#parts.deadlineMs || OPERATOR_DEADLINE_MS): boolean {
    if (this.#state.kind === 'draining') return false;
    void this.#begin(deadlineMs, false);
    return true;
  }

  /** Takes publishers and plays as before. False where it does not drain, or ends. */
  cancel(): boolean {
    const state = this.#state;
    if (state.kind !== 'draining' || state.isFinal) return false;
    this.#state = { kind: 'staying' };
    this.#cancelled += 1;
    this.#parts.media.acceptPublishers();
    this.#parts.announce(false);
    this.#parts.log({}, 'drain cancelled');
    return true;
  }

  #begin(deadlineMs: number, isFinal: boolean): Promise<void> {
    const parts = this.#parts;
    const cancelled = this.#cancelled;
    const done = drain({
      ...parts,
      deadlineMs,
      announce: () => parts.announce(true),
      isCancelled: () => this.#cancelled !== cancelled,
    });
    this.#state = { kind: 'draining', isFinal, done };
    return done;
  }
}
