/** In how long an address that was refused as often as it may be has all of that again. */
const WINDOW_MS = 60_000;
/** Most addresses remembered; who was refused longest ago goes first. */
export const ADDRESSES_MAX = 10_000;
/** How long the answer to who was refused too often is held back. */
export const HOLD_MS = 1000;
/** Most answers held back for one address; who comes beside them is refused unjudged. */
export const HELD_MAX = 16;

interface Account {
  /** Refusals left, by `atMs`. */
  left: number;
  atMs: number;
  held: number;
}

/**
 * Slows down who is refused often: so many refusals a minute are answered at once, more of them are held back, and where
 * many are held back already nothing is judged any more. Who has a right to it is served from the same address meanwhile,
 * as long as fewer are held back. Pure: time is an argument, monotonic ms.
 */
export class RefusalPace {
  readonly #perMinute: number;
  readonly #accounts = new Map<string, Account>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** Whether so many of the address's refusals are held back that it is not even judged. */
  isShut(address: string): boolean {
    return (this.#accounts.get(address)?.held ?? 0) >= HELD_MAX;
  }

  /** One refusal. True where its answer is to be held back; `release` has to follow then. */
  refused(address: string, nowMs: number): boolean {
    const account = this.#accounts.get(address) ?? { left: this.#perMinute, atMs: nowMs, held: 0 };
    const gained = ((nowMs - account.atMs) * this.#perMinute) / WINDOW_MS;
    account.left = Math.min(this.#perMinute, account.left + gained);
    account.atMs = nowMs;
    const isHeld = account.left < 1;
    if (isHeld) account.held += 1;
    else account.left -= 1;
    this.#accounts.delete(address);
    this.#accounts.set(address, account);
    this.#forget(nowMs);
    return isHeld;
  }

  release(address: string): void {
    const account = this.#accounts.get(address);
    if (account !== undefined && account.held > 0) account.held -= 1;
  }

  #forget(nowMs: number): void {
    for (const [address, { atMs }] of this.#accounts) {
      if (nowMs - atMs < WINDOW_MS && this.#accounts.size <= ADDRESSES_MAX) return;
      this.#accounts.delete(address);
    }
  }
}
