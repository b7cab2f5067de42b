/** In how long an address that used all of its publishes has all of them again. */
const WINDOW_MS = 60_000;
/** Most addresses remembered; who published longest ago goes first. */
export const ADDRESSES_MAX = 10_000;

interface Account {
  /** Publishes left, by `atMs`. */
  readonly left: number;
  readonly atMs: number;
}

/**
 * How often one address may publish: so many times a minute, at any pace. Each publish and its end is told to the whole
 * mesh, and an end cannot be refused. Pure: time is an argument, monotonic ms.
 */
export class PublishRate {
  #perMinute: number;
  readonly #accounts = new Map<string, Account>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Another limit, from now on. */
  set perMinute(value: number) {
    this.#perMinute = value;
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** Takes one publish from the address's account; false where it has none left. */
  take(address: string, nowMs: number): boolean {
    const { left: before, atMs } = this.#accounts.get(address) ?? { left: this.#perMinute, atMs: nowMs };
    const left = Math.min(this.#perMinute, before + ((nowMs - atMs) * this.#perMinute) / WINDOW_MS);
    const isAllowed = left >= 1;
    this.#accounts.delete(address);
    this.#accounts.set(address, { left: isAllowed ? left - 1 : left, atMs: nowMs });
    this.#forget(nowMs);
    return isAllowed;
  }

  /** Who has not published for so long has a full account again. */
  #forget(nowMs: number): void {
    for (const [address, { atMs }] of this.#accounts) {
      if (nowMs - atMs < WINDOW_MS && this.#accounts.size <= ADDRESSES_MAX) return;
      this.#accounts.delete(address);
    }
  }
}
