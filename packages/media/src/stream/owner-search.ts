import type { RelayOwner } from './relay-owner.js';

/** A source whose pictures stopped for this long, while its sound goes on, has none; no less than three of their intervals. */
export const PICTURES_GONE_MS = 2000;
/** How long a relay that was opened for pictures may take to bring one. */
export const PICTURES_WAIT_MS = 3000;
/** Between two rounds in which all other owners are asked; doubled each time up to the second. */
const ROUND_MS = { first: 10_000, max: 60_000 } as const;

/**
 * Whom a stream that is fed, but not as it should be, was pulled from in vain: a camera may be off for all owners, or their encoder
 * too slow, and nobody's claim tells. So each is asked once in a round, and rounds come ever more seldom.
 */
export class OwnerSearch {
  #dueMs = Number.NEGATIVE_INFINITY;
  #roundMs: number = ROUND_MS.first;
  #askedInVain: RelayOwner[] = [];
  #known: ReadonlySet<string> = new Set();

  /** When the next round begins; it has begun where that is past. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Those of this round. */
  get askedInVain(): readonly RelayOwner[] {
    return this.#askedInVain;
  }

  /** This one does not have it either, or is gone. */
  add(owner: RelayOwner): void {
    this.#askedInVain.push(owner);
  }

  /** Nobody is left to ask. */
  endRound(nowMs: number): void {
    if (this.#askedInVain.length === 0) return;
    this.#askedInVain = [];
    this.#dueMs = nowMs + this.#roundMs;
    this.#roundMs = Math.min(ROUND_MS.max, 2 * this.#roundMs);
  }

  /** Who has the stream: a publish that nobody was asked for yet waits for no round. */
  setOwners(owners: readonly RelayOwner[]): void {
    const known = this.#known;
    this.#known = new Set(owners.map(({ member, claim }) => `${claim.sinceMs} ${member}`));
    if ([...this.#known].some((publish) => !known.has(publish))) this.reset();
  }

  /** The stream has what it lacked. */
  reset(): void {
    this.#dueMs = Number.NEGATIVE_INFINITY;
    this.#roundMs = ROUND_MS.first;
    this.#askedInVain = [];
  }
}
