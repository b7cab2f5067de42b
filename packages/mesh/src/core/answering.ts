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

  /** Whether a part may go out now. */
  get isDue(): boolean {
    return this.#answer?.isDue === true;
  }

  begin(log: OwnLog, pull: Pull): void {
    this.#answer = new Answer(log, pull);
  }

  /** It has taken the last window of that pull's parts. False where that pull has no more. */
  more(pull: number): boolean {
    if (this.#answer?.pull !== pull) return false;
    this.#answer.more();
    return true;
  }

  /** The next part that may go out; null where none may. */
  next(): DeltaPart | SnapshotPart | null {
    if (this.#answer?.isDue !== true) return null;
    const part = this.#answer.next();
    if (part?.last !== false) this.#answer = null;
    return part;
  }

  disconnected(): void {
    this.#answer = null;
  }
}
