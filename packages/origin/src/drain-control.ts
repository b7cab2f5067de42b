import { type Draining, drain, factsOf } from './drain.js';
import { type DrainStep, playersOf, type StillHere, stillHere } from './drain-progress.js';

export interface DrainControlParts
  extends Pick<
    Draining,
    'directory' | 'log' | 'now' | 'pause' | 'listener' | 'forwardsPublishers' | 'stepped'
  > {
  readonly media: Draining['media'] & { acceptPublishers(): void; resumeRtmp(): Promise<void> };
  /** `drain.deadlineMs`; 0: a member that is asked to end does not drain. */
  readonly deadlineMs: number;
  /** Tells all members whether this one drains. */
  announce(isDraining: boolean): void;
  /** The RTMP ports could not be opened again. */
  resumeFailed(error: unknown): void;
}

/** How a drain gets on. */
export interface DrainProgress {
  readonly draining: boolean;
  /** Absent: it does not drain. */
  readonly step?: DrainStep;
  /** True: its process ends afterwards, and nobody cancels it. */
  readonly ends?: boolean;
  readonly tookMs?: number;
  /** Until its deadline; 0 once that is over. */
  readonly leftMs?: number;
  readonly publishers: number;
  /** Other members' pulls. */
  readonly relays: number;
  readonly players: number;
  /** Who of them is still here and why; empty where it does not drain. */
  readonly stillHere: readonly StillHere[];
  /** Workers that did not answer: whom they have is missing. */
  readonly unanswered: readonly number[];
}

/** Where an operator drains a member whose configuration has no time for it, ms. */
const OPERATOR_DEADLINE_MS = 10_000;

type State =
  | { readonly kind: 'staying' }
  | {
      readonly kind: 'draining';
      /** The process ends afterwards, so nobody cancels it. */
      readonly isFinal: boolean;
      readonly done: Promise<void>;
      readonly step: DrainStep;
      readonly startMs: number;
      readonly deadlineMs: number;
    };

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
      this.#state = { ...this.#state, isFinal: true };
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

  /** Takes publishers and plays as before; whoever is here still stays. False where it does not drain, or ends. */
  cancel(): boolean {
    const state = this.#state;
    if (state.kind !== 'draining' || state.isFinal) return false;
    const { media } = this.#parts;
    this.#state = { kind: 'staying' };
    this.#cancelled += 1;
    media.acceptPublishers();
    if (this.#parts.listener === 'close')
      media.resumeRtmp().catch((error: unknown) => this.#parts.resumeFailed(error));
    this.#parts.announce(false);
    this.#parts.log({}, 'drain cancelled');
    return true;
  }

  /** Who is here at the moment, and why still. Never rejects. */
  async progress(): Promise<DrainProgress> {
    const facts = await factsOf(this.#parts);
    const state = this.#state;
    const counts = {
      publishers: facts.load.publishers,
      relays: facts.pulls.length,
      players: playersOf(facts),
      unanswered: facts.unanswered,
    };
    if (state.kind === 'staying') return { draining: false, ...counts, stillHere: [] };
    const { step, isFinal, startMs, deadlineMs } = state;
    const tookMs = Math.round(this.#parts.now() - startMs);
    return {
      draining: true,
      step,
      ends: isFinal,
      tookMs,
      leftMs: Math.max(0, deadlineMs - tookMs),
      ...counts,
      stillHere: stillHere(step, facts, this.#parts.directory),
    };
  }

  #begin(deadlineMs: number, isFinal: boolean): Promise<void> {
    const parts = this.#parts;
    const cancelled = this.#cancelled;
    const done = drain({
      ...parts,
      deadlineMs,
      announce: () => parts.announce(true),
      isCancelled: () => this.#cancelled !== cancelled,
      stepped: (step, facts) => {
        if (this.#state.kind === 'draining') this.#state = { ...this.#state, step };
        parts.stepped(step, facts);
      },
    });
    this.#state = { kind: 'draining', isFinal, done, step: 'relays-move', startMs: parts.now(), deadlineMs };
    return done;
  }
}
