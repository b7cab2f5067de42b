import type { StreamKey } from '@headwater/directory';

/** How long a redirected client that comes back is served by relay. SRS edges reconnect at once, or after 3 s. */
export const REDIRECT_MEMORY_MS = 10_000;
/** Most redirects remembered; the oldest go first. */
export const REDIRECT_MEMORY_MAX = 10_000;

/**
 * Whom this member redirected moments ago. SRS edges keep no mark, so that one who comes back is known by its address
 * and stream: it must not be sent round again.
 */
export class RedirectMemory {
  readonly #until = new Map<string, number>();

  remember(address: string, key: StreamKey, nowMs: number): void {
    const entry = `${address} ${key}`;
    this.#until.delete(entry);
    this.#until.set(entry, nowMs + REDIRECT_MEMORY_MS);
    for (const [oldest, until] of this.#until) {
      if (until > nowMs && this.#until.size <= REDIRECT_MEMORY_MAX) return;
      this.#until.delete(oldest);
    }
  }

  has(address: string, key: StreamKey, nowMs: number): boolean {
    return (this.#until.get(`${address} ${key}`) ?? 0) > nowMs;
  }

  get size(): number {
    return this.#until.size;
  }
}
