import type { Leeway } from './leeway.js';

export interface Patience {
  /** Silence after which a member is suspect, ms. */
  readonly suspectAfterMs: number;
  /** Further silence after which a suspect is dead, ms. */
  readonly deadAfterMs: number;
}

/** What this member's own link with another one tells of it. `until`: when that changes if nothing happens. */
export type Evidence =
  | { readonly kind: 'heard' }
  /** Silent for long, or it says that it does not hear us: that cuts the link as well. */
  | { readonly kind: 'quiet'; readonly until: number }
  /** Its connection closed a moment ago. `isRefused`: and a new one was refused. */
  | {
      readonly kind: 'lost';
      readonly lostAt: number;
      /** The same, but a standstill of this process meanwhile does not count. */
      readonly countedFrom: number;
      readonly isRefused: boolean;
      readonly until: number;
    }
  /** Nothing more is to be expected of this link. `lostAt`: since its connection closed; null where it fell silent. */
  | { readonly kind: 'gone'; readonly lostAt: number | null };

/**
 * What one member knows of another by its own link, from what it heard of it. A function of its inputs: `evidence(now)` may
 * be asked at any time and changes nothing. Whether the other one is dead or only out of reach from here, others help to
 * tell: see `reachability`.
 *
 * A crash closes the connection within ms, and redialling is refused. A hang or a cut says nothing. Any word takes all of
 * it back.
 */
export class FailureDetector {
  readonly patience: Patience;
  #heardAt: number;
  /** When it said what was heard last, as far as that is sure; nothing is excused here. */
  #wordAt: number;
  #lostAt: number | null = null;
  /** As `#lostAt`, with what was excused. */
  #lostFrom = 0;
  #isRefused = false;
  /** Since when it says that it does not hear this member, and whether it said so again later; null: it says nothing such. */
  #unheard: { readonly since: number; readonly isConfirmed: boolean } | null = null;

  constructor(patience: Patience, now: number) {
    this.patience = patience;
    this.#heardAt = now;
    this.#wordAt = now;
  }

  get wordAt(): number {
    return this.#wordAt;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#lostAt = null;
    this.#isRefused = false;
  }

  /** It greeted on a new connection: both sides hear each other, or did so long ago (`waitedMs`) at the earliest. */
  greeted(now: number, waitedMs = 0): void {
    this.heard(now);
    this.spoke(now - waitedMs);
    this.#unheard = null;
  }

  /** What was heard may have waited in a socket; this is when it was said, at the earliest. */
  spoke(at: number): void {
    this.#wordAt = Math.max(this.#wordAt, at);
  }

  /** This start of it was never heard here. */
  neverHeard(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#wordAt = Number.NEGATIVE_INFINITY;
    this.#lostAt = null;
  }

  /**
   * It says whether it hears this member, and (`saidAfter`) after which word from here. Said once, or again before an answer
   * can be here (`answerMs`), it may be over already: after a standstill of this member the other one's next word takes it
   * back, and that one may stand still itself by then. Who answers what was said since does hear this one, also where it is
   * not sure yet how old that is.
   */
  hearsUs(isHeard: boolean, now: number, answerMs = 0, saidAfter = Number.NEGATIVE_INFINITY): void {
    const since = this.#unheard?.since ?? now;
    const isAnswer = this.#unheard !== null && saidAfter >= since;
    this.#unheard = isHeard || isAnswer ? null : { since, isConfirmed: now - since > answerMs };
  }

  /** It does not tell whom it hears, as after a standstill: what it said before may be over, and nobody dies of it meanwhile. */
  tellsNothing(now: number): void {
    if (this.#unheard !== null) this.#unheard = { since: now, isConfirmed: false };
  }

  /** Its connection closed. */
  lost(now: number): void {
    if (this.#lostAt !== null) return;
    this.#lostAt = now;
    this.#lostFrom = now;
  }

  /** Dialled, and the answer was that nobody is there. Says nothing of a member that is still connected. */
  refused(): void {
    if (this.#lostAt !== null) this.#isRefused = true;
  }

  /** This process stood still for so long and heard nobody: that silence is its own. */
  excuse(stalledMs: number, now: number): void {
    this.#heardAt = Math.min(now, this.#heardAt + stalledMs);
    this.#lostFrom = Math.min(now, this.#lostFrom + stalledMs);
    if (this.#unheard !== null)
      this.#unheard = { ...this.#unheard, since: Math.min(now, this.#unheard.since + stalledMs) };
  }

  /** It spoke lately, for sure: others go by it. */
  isHeard(now: number, leeway: Leeway): boolean {
    return this.isRecent(this.#wordAt, now, leeway);
  }

  /** What was said at that time still counts. */
  isRecent(at: number, now: number, { silenceMs }: Leeway): boolean {
    return now - at < this.patience.suspectAfterMs + silenceMs;
  }

  evidence(now: number, { confirmMs, silenceMs, deadMs }: Leeway): Evidence {
    const suspectAt = this.#heardAt + this.patience.suspectAfterMs + silenceMs;
    const deadAfterMs = this.patience.deadAfterMs + deadMs;
    const unheard = this.#unheard;
    const quietAt = unheard?.isConfirmed === true ? Math.min(suspectAt, unheard.since) : suspectAt;
    const goneAt = quietAt + deadAfterMs;
    if (now >= goneAt) return { kind: 'gone', lostAt: this.#lostAt };
    if (this.#lostAt !== null) {
      const [lostAt, countedFrom, isRefused] = [this.#lostAt, this.#lostFrom, this.#isRefused];
      const until = Math.min(goneAt, countedFrom + confirmMs);
      return now >= until
        ? { kind: 'gone', lostAt }
        : { kind: 'lost', lostAt, countedFrom, isRefused, until };
    }
    const isQuiet = now >= suspectAt || unheard !== null;
    return isQuiet ? { kind: 'quiet', until: goneAt } : { kind: 'heard' };
  }
}
