import type { Claim, StreamKey } from '@headwater/directory';
import type { PublishPolicy } from '@headwater/media';

/** What a claim leads to: it stands, and perhaps the one of before ends; or it is refused. */
export type Claimed<W> =
  | { readonly stands: true; readonly ended: Held<W> | null }
  | { readonly stands: false };

/** A claim, and the worker that made it. */
export interface Held<W> {
  readonly worker: W;
  readonly claim: Claim;
}

/**
 * Which worker has the publisher of each stream of this member. Two that accepted one at the same time are told apart here:
 * the first claim stands, by `takeover` the last.
 */
export class ClaimTable<W> {
  readonly #held = new Map<StreamKey, Held<W>>();

  /** A claim, or more about one. */
  claim(worker: W, claim: Claim, policy: PublishPolicy): Claimed<W> {
    const held = this.#held.get(claim.key);
    const holder = held === undefined || held.worker === worker ? null : held;
    // What one that was taken over told before it knew is older.
    const isNewer = holder !== null && policy === 'takeover' && claim.sinceMs > holder.claim.sinceMs;
    if (holder !== null && !isNewer) return { stands: false };
    this.#held.set(claim.key, { worker, claim });
    return { stands: true, ended: holder };
  }

  /** False where another worker has it by now. */
  release(worker: W, key: StreamKey): boolean {
    if (this.#held.get(key)?.worker !== worker) return false;
    return this.#held.delete(key);
  }

  /** The worker is gone: what it had. */
  releaseAll(worker: W): readonly StreamKey[] {
    const keys: StreamKey[] = [];
    for (const [key, held] of this.#held) if (held.worker === worker) keys.push(key);
    for (const key of keys) this.#held.delete(key);
    return keys;
  }

  entries(): Iterable<Held<W>> {
    return this.#held.values();
  }
}
