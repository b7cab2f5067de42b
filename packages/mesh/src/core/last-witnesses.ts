/** As far as it matters here. */
export interface Witness {
  /** What it said last of whom it hears, and when that came. */
  readonly word: { readonly at: number } | null;
  /** The same while it counts. */
  wordAt(now: number): unknown;
  /** How much more time it is given to hear a member again that it lost, ms. */
  readonly witnessLeewayMs: number;
}

/** No more than this is given beyond the usual where witnesses are far away or late, ms. */
const LEEWAY_MAX_MS = 3_000;

/**
 * Until when others were known to hear a member that is not heard here.
 *
 * Who ceases to hear it takes its word back: the member was silent for it as well. A witness that is lost itself took
 * nothing back. Its last word stands for as long as if it had fallen silent: others, or this one, may be about to hear the
 * member, and have not said so yet.
 */
export class LastWitnesses {
  readonly #suspectAfterMs: number;
  #until: number | null = null;
  #hearAgainMs = 0;
  /** Those whose words counted last, and when each was said. */
  #last: readonly { readonly witness: Witness; readonly saidAt: number }[] = [];

  constructor(suspectAfterMs: number) {
    this.#suspectAfterMs = suspectAfterMs;
  }

  /** Null: nobody was, since it was heard here. */
  get until(): number | null {
    return this.#until;
  }

  /** How much more time those may need to hear it again, ms. */
  get hearAgainMs(): number {
    return this.#hearAgainMs;
  }

  /** Others hear it, and this one has met it by that. */
  met(now: number): void {
    this.#until = now;
  }

  /** Those that hear it now; none: nobody does. */
  note(witnesses: readonly Witness[], now: number): void {
    if (witnesses.length > 0) {
      this.#until = now;
      this.#last = witnesses.map((witness) => ({ witness, saidAt: witness.word?.at ?? now }));
      // They may lose it for a moment too, and need as long as anybody to hear it again.
      const leewayMs = Math.max(...witnesses.map(({ witnessLeewayMs }) => witnessLeewayMs));
      this.#hearAgainMs = Math.min(leewayMs, LEEWAY_MAX_MS);
      return;
    }
    for (const { witness, saidAt } of this.#last)
      if (witness.wordAt(now) === null)
        this.#until = Math.max(this.#until ?? saidAt, saidAt + this.#suspectAfterMs);
    this.#last = [];
  }

  /** It is heard here. */
  clear(): void {
    this.#until = null;
    this.#last = [];
  }

  /** This process stood still for so long. */
  excuse(stalledMs: number, now: number): void {
    if (this.#until !== null) this.#until = Math.max(this.#until, Math.min(now, this.#until + stalledMs));
    this.#last = this.#last.map(({ witness, saidAt }) => ({
      witness,
      saidAt: Math.min(now, saidAt + stalledMs),
    }));
  }
}
