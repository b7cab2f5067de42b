import type { MemberId } from '@headwater/directory';
import type { SeedOutcome } from './input.js';
import { SEED_RECHECK_MS, SEED_RETRY_MAX_MS } from './limits.js';
import { Redial } from './redial.js';

interface Seed {
  readonly address: string;
  readonly redial: Redial;
  outcome: SeedOutcome | null;
}

/**
 * The addresses to find the mesh by. Each is visited for ever: with backoff while it cannot be reached, at leisure
 * afterwards, since its name may mean other members by then. A member finds itself among them and ignores that.
 */
export class Seeds {
  #seeds: readonly Seed[];

  constructor(addresses: readonly string[], now: number) {
    this.#seeds = [...new Set(addresses)].map((address) => seedAt(address, now));
  }

  /** Others from now on. Those that stay keep what is known of them; new ones are visited at once. */
  replace(addresses: readonly string[], now: number): void {
    const known = new Map(this.#seeds.map((seed) => [seed.address, seed]));
    this.#seeds = [...new Set(addresses)].map((address) => known.get(address) ?? seedAt(address, now));
  }

  /** No seed means any other member. False while that is not known yet. */
  get isAlone(): boolean {
    return this.#seeds.every(
      ({ outcome }) =>
        outcome?.isSelf === true && outcome.failure === undefined && outcome.reached.length === 0,
    );
  }

  /** Those that could not be reached when last tried, each with the reason, as people read it. */
  get unreached(): readonly string[] {
    return this.#seeds
      .filter(({ outcome }) => outcome === null || outcome.failure !== undefined)
      .map(({ address, outcome }) => (outcome?.failure ? `${address}: ${outcome.failure}` : address));
  }

  /** Those to be visited now, as far as `mayDial` lets them. */
  due(now: number, mayDial: () => boolean = () => true): readonly string[] {
    const due = this.#seeds.filter((seed) => seed.redial.isDue(now) && mayDial());
    for (const seed of due) seed.redial.started(now);
    return due.map((seed) => seed.address);
  }

  /** Returns whether the outcome is another than last time, and so worth a line in the log. */
  visited(address: string, outcome: SeedOutcome, now: number, random: number): boolean {
    const seed = this.#seeds.find((known) => known.address === address);
    if (seed === undefined) return false;
    if (outcome.failure === undefined) seed.redial.succeeded(now + SEED_RECHECK_MS * (1 - random / 2));
    else seed.redial.failed(now, SEED_RETRY_MAX_MS, random);
    const isNews = seed.outcome === null || seed.outcome.failure !== outcome.failure;
    seed.outcome = outcome;
    return isNews;
  }

  /** A member reached through a seed is gone: that seed may know more. */
  lost(peer: MemberId, now: number): void {
    for (const seed of this.#seeds) if (seed.outcome?.reached.includes(peer)) seed.redial.hasten(now);
  }
}

const seedAt = (address: string, now: number): Seed => ({ address, redial: new Redial(now), outcome: null });
