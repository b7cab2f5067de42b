import type { MemberId } from '@headwater/directory';
import type { Random } from '@headwater/testing/random';
import type { Timeline } from '../timeline.js';

/** How the network is at the moment; the same for all pairs. Times ms, shares 0..1. */
export interface Weather {
  /** Shortest time of a packet from one machine to another. */
  delayMs: number;
  /** Most that is added to that, by chance. */
  jitterMs: number;
  /** Broadcasts lost, and delivered twice, on each hop. */
  gossipLoss: number;
  gossipRepetition: number;
  /** Most that a broadcast may be late beyond other packets: whoever is later is overtaken. */
  gossipJitterMs: number;
}

export const FAIR: Weather = {
  delayMs: 0.2,
  jitterMs: 0.6,
  gossipLoss: 0,
  gossipRepetition: 0,
  gossipJitterMs: 1,
};

/** Which machine reaches which, and how fast. A cut has a direction and drops everything silently. */
export class Paths {
  weather: Weather = { ...FAIR };
  readonly timeline: Timeline;
  readonly random: Random;
  /** `from>to` -> since when. */
  readonly #cuts = new Map<string, number>();
  readonly #onHealed = new Set<(from: MemberId, to: MemberId) => void>();
  /** When each pair was last cut in either direction; `from>to`. */
  readonly #lastCutAt = new Map<string, number>();

  constructor(timeline: Timeline, random: Random) {
    this.timeline = timeline;
    this.random = random;
  }

  delayMs(): number {
    return this.weather.delayMs + this.random.fraction() * this.weather.jitterMs;
  }

  isCut(from: MemberId, to: MemberId): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`);
  }

  /** Whether a conversation is impossible: something is lost in at least one direction. */
  isBroken(a: MemberId, b: MemberId): boolean {
    return this.isCut(a, b) || this.isCut(b, a);
  }

  /** Since when nothing gets through; null where it does. */
  cutSince(from: MemberId, to: MemberId): number | null {
    return this.#cuts.get(`${from}>${to}`) ?? null;
  }

  /** When this pair was last cut in either direction; null: never. */
  lastBrokenAt(a: MemberId, b: MemberId): number | null {
    if (this.isBroken(a, b)) return this.timeline.now;
    const there = this.#lastCutAt.get(`${a}>${b}`);
    const back = this.#lastCutAt.get(`${b}>${a}`);
    return there === undefined && back === undefined ? null : Math.max(there ?? 0, back ?? 0);
  }

  cut(from: MemberId, to: MemberId): void {
    const path = `${from}>${to}`;
    if (from !== to && !this.#cuts.has(path)) this.#cuts.set(path, this.timeline.now);
  }

  heal(from: MemberId, to: MemberId): void {
    if (!this.#cuts.delete(`${from}>${to}`)) return;
    this.#lastCutAt.set(`${from}>${to}`, this.timeline.now);
    for (const tell of this.#onHealed) tell(from, to);
  }

  healAll(): void {
    for (const path of [...this.#cuts.keys()]) {
      const [from, to] = path.split('>') as [MemberId, MemberId];
      this.heal(from, to);
    }
  }

  get hasCuts(): boolean {
    return this.#cuts.size > 0;
  }

  onHealed(tell: (from: MemberId, to: MemberId) => void): void {
    this.#onHealed.add(tell);
  }
}
