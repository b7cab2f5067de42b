import type { StreamKey } from '@headwater/directory';

/** How often a stream may change hands within the window before whoever has it keeps it. */
export const TAKEOVERS_MAX = 3;
/** That window, and how long nobody else may have tried before the stream can be taken over again. */
export const TAKEOVER_WINDOW_MS = 60_000;
/** Most streams that are watched; the one that changed hands longest ago goes first. */
export const TAKEOVER_STREAMS_MAX = 10_000;

interface Hands {
  /** Of the newest claim seen. */
  sinceMs: number;
  /** When the stream changed hands lately, and when somebody was refused for it; never more than `TAKEOVERS_MAX`. */
  atMs: readonly number[];
}

/**
 * Two encoders of one name that both reconnect by themselves would take a stream from each other for ever. So the one
 * who has it stays once it changed hands too often, for as long as another keeps trying. Publishers are not told apart:
 * behind one address there may be several, and one may come from many. Every member counts the claims of all.
 */
export class TakeoverPace {
  readonly #streams = new Map<StreamKey, Hands>();

  /** A claim on the stream, of this member or another; one that was seen before, or is older, counts for nothing. */
  claimed(key: StreamKey, sinceMs: number, nowMs: number): void {
    const before = this.#streams.get(key);
    if (before === undefined) this.#keep(key, { sinceMs, atMs: [] });
    else if (sinceMs > before.sinceMs) this.#keep(key, { sinceMs, atMs: counted(before.atMs, nowMs) });
  }

  /** Whether the stream may be taken from who has it. A no is for as long as it is asked for again within the window. */
  allows(key: StreamKey, nowMs: number): boolean {
    const hands = this.#streams.get(key);
    if (hands === undefined || recent(hands.atMs, nowMs).length < TAKEOVERS_MAX) return true;
    this.#keep(key, { ...hands, atMs: Array.from({ length: TAKEOVERS_MAX }, () => nowMs) });
    return false;
  }

  get size(): number {
    return this.#streams.size;
  }

  #keep(key: StreamKey, hands: Hands): void {
    this.#streams.delete(key);
    this.#streams.set(key, hands);
    for (const oldest of this.#streams.keys()) {
      if (this.#streams.size <= TAKEOVER_STREAMS_MAX) return;
      this.#streams.delete(oldest);
    }
  }
}

const recent = (atMs: readonly number[], nowMs: number): readonly number[] =>
  atMs.filter((at) => nowMs - at < TAKEOVER_WINDOW_MS);

const counted = (atMs: readonly number[], nowMs: number): readonly number[] =>
  [...recent(atMs, nowMs), nowMs].slice(-TAKEOVERS_MAX);
