import type { LogPosition, MemberId } from '@headwater/directory';
import { Allowance } from './allowance.js';
import { ASK_DEADLINE_MS, ASKS_PER_SECOND_MAX, ENVELOPES_KEPT_MAX } from './limits.js';
import type { Ask, Words } from './messages.js';

/** What a member was asked for last. */
interface Asked {
  readonly ask: number;
  readonly owner: MemberId;
  readonly held: LogPosition;
  readonly at: number;
  /** Envelopes that it may still hand on. */
  left: number;
  /** It gave the last of its answer. */
  isOver: boolean;
}

/** One member's part in repair by others' hands: what it asks, what it is asked for, and when others are asked of it. */
export class Questions {
  readonly #allowance = new Allowance(ASKS_PER_SECOND_MAX);
  #asked: Asked | null = null;
  /** The last question that went with its connection: it may be answered on another one. */
  #lostAsk = 0;
  #soughtAt = Number.NEGATIVE_INFINITY;

  /** Whether one more question of its own is within its allowance. */
  allows(now: number): boolean {
    return this.#allowance.take(now);
  }

  /** When others were asked last for its words. */
  get soughtAt(): number {
    return this.#soughtAt;
  }

  /** Whether others may be asked for its words, each `pauseMs`. */
  isDue(pauseMs: number, now: number): boolean {
    return now - this.#soughtAt >= pauseMs;
  }

  /** Somebody was asked for its words. */
  asked(now: number): void {
    this.#soughtAt = now;
  }

  /** One question at a time, so that a member that does not answer, or is of an older version, is not asked over and over. */
  isFree(now: number): boolean {
    return this.#asked === null || this.#asked.isOver || now - this.#asked.at >= ASK_DEADLINE_MS;
  }

  /** It is asked for another member's words. */
  ask({ ask, owner, held }: Ask, now: number): void {
    this.#asked = { ask, owner, held, at: now, left: ENVELOPES_KEPT_MAX, isOver: false };
  }

  /** What it was asked for last; null where nothing was on this connection. */
  get last(): Pick<Asked, 'owner' | 'held'> | null {
    return this.#asked;
  }

  /**
   * The envelopes, where that is what it was asked for; it may keep more than are kept here, and they lead on from each
   * other, so the first ones are of use by themselves. `late`: the answer to an earlier question, which is nobody's fault.
   */
  answered({
    ask,
    last,
    envelopes,
  }: Words): { readonly envelopes: readonly Uint8Array[] } | 'late' | 'unasked' {
    const asked = this.#asked;
    if (ask <= this.#lostAsk || (asked !== null && ask < asked.ask)) return 'late';
    if (asked === null || asked.isOver || ask !== asked.ask) return 'unasked';
    const taken = envelopes.slice(0, asked.left);
    asked.left -= taken.length;
    asked.isOver = last;
    return { envelopes: taken };
  }

  disconnected(): void {
    this.#lostAsk = this.#asked?.ask ?? this.#lostAsk;
    this.#asked = null;
  }
}
