import type { OwnLog } from '@headwater/directory';
import { Allowance } from './allowance.js';
import { Answer } from './answer.js';
import { PULLS_PER_SECOND_MAX } from './limits.js';
import type { DeltaPart, Pull, SnapshotPart } from './messages.js';

/** How one member's pulls are answered: the last one counts, and not too many in a second. */
export class Answering {
  readonly #allowance = new Allowance(PULLS_PER_SECOND_MAX);
  #answer: Answer | null = null;

  /** Whether one more pull is within its allowance. */
  allows(now: number): boolean {
    return this.#allowance.take(now);
  }

  begin(log: OwnLog, pull: Pull): void {
    this.#answer = new Answer(log, pull);
  }

  /** The next window of parts; empty where that pull has no more. */
  next(pull: number): readonly (DeltaPart | SnapshotPart)[] {
    if (this.#answer?.pull !== pull) return [];
    const parts = this.#answer.next();
    if (parts.at(-1)?.last !== false) this.#answer = null;
    return parts;
  }

  disconnected(): void {
    this.#answer = null;
  }
}
