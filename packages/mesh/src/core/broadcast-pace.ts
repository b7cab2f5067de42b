import type { MemberId } from '@headwater/directory';
import { BROADCAST_SPACING_MAX_MS, BROADCASTS_AHEAD, BROADCASTS_PER_SECOND } from './limits.js';

/** A member counts as speaking for so long after its last broadcast, ms. */
const SPEAKING_MS = 500;

/**
 * When this member's next broadcast may go out. Each costs every member the same, so all members together should not
 * make more than `BROADCASTS_PER_SECOND`: the more of them speak, the further apart each one's are. Nobody asks or is
 * asked; who speaks is known from what is heard. A few may go ahead of that, so that a publisher that comes back, or a
 * lone claim in a busy mesh, is known at once.
 */
export class BroadcastPace {
  readonly #batchMs: number;
  readonly #spokeAt = new Map<MemberId, number>();
  #sentAt = Number.NEGATIVE_INFINITY;
  /** When the next one would be due if none went ahead. */
  #dueAt = Number.NEGATIVE_INFINITY;
  #aheadMs = 0;

  /** `batchMs`: least time between two broadcasts. */
  constructor(batchMs: number) {
    this.#batchMs = batchMs;
  }

  get nextAt(): number {
    return Math.max(this.#sentAt + this.#batchMs, this.#dueAt - this.#aheadMs);
  }

  /** Others that broadcast lately, as far as it was looked. */
  get speakers(): number {
    return this.#spokeAt.size;
  }

  /** `author`: a member that was met, so there are no more of them than members. */
  heard(author: MemberId, now: number): void {
    this.#spokeAt.set(author, now);
  }

  sent(now: number): void {
    const spacingMs = this.#spacingMs(now);
    this.#sentAt = now;
    this.#dueAt = Math.max(now, this.#dueAt) + spacingMs;
    this.#aheadMs = BROADCASTS_AHEAD * spacingMs;
  }

  #spacingMs(now: number): number {
    for (const [author, at] of this.#spokeAt) if (now - at > SPEAKING_MS) this.#spokeAt.delete(author);
    const speakers = 1 + this.#spokeAt.size;
    return Math.min((speakers * 1_000) / BROADCASTS_PER_SECOND, BROADCAST_SPACING_MAX_MS);
  }
}
