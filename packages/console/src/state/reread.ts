/** At least so long between two reads of the same, ms. */
const SPACING_MS = 1000;
/** What happens together is read together, ms. */
const GATHER_MS = 120;

/** Reads something again after events, however many there are: never twice at once, and not more often than every `spacingMs`. */
export class Reread {
  readonly #read: () => Promise<void>;
  readonly #spacingMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;
  #isReading = false;
  /** How soon it is to be read again after this read; null: it is not. */
  #next: { readonly gatherMs: number; readonly spacingMs: number } | null = null;

  constructor(read: () => Promise<void>, spacingMs = SPACING_MS) {
    this.#read = read;
    this.#spacingMs = spacingMs;
  }

  /** `spacingMs`: less than usual where a person waits for it. */
  soon(gatherMs = GATHER_MS, spacingMs = this.#spacingMs): void {
    if (this.#isReading) {
      const before = this.#next ?? { gatherMs, spacingMs };
      this.#next = {
        gatherMs: Math.min(before.gatherMs, gatherMs),
        spacingMs: Math.min(before.spacingMs, spacingMs),
      };
      return;
    }
    const dueMs = Math.max(performance.now() + gatherMs, this.#lastMs + spacingMs);
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#run(), dueMs - performance.now());
  }

  /** What was to be read is not any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = null;
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isReading = true;
    this.#lastMs = performance.now();
    try {
      await this.#read();
    } catch {
      // The stream of events tells whether the member is there; what was read last stays on show.
    } finally {
      this.#isReading = false;
      const next = this.#next;
      this.#next = null;
      if (next !== null) this.soon(next.gatherMs, next.spacingMs);
    }
  }
}
