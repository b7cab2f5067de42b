import type { Random } from '@headwater/testing/random';
import type { Timeline } from '../timeline.js';

/** What a cut separates. It carries the processes of one member after the other, or those of several. */
export type Machine = string;

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
  /** Packets lost. TCP sends them again, so they are late, and so is what comes after them. */
  loss: number;
}

export const FAIR: Weather = {
  delayMs: 0.2,
  jitterMs: 0.6,
  gossipLoss: 0,
  gossipRepetition: 0,
  gossipJitterMs: 1,
  loss: 0,
};

/** TCP's least wait before it sends a lost packet again, beyond the round trip; doubled each time (RFC 6298, Linux's least). */
const RTO_MIN_MS = 200;

/** Which machine reaches which, and how fast. A cut has a direction and drops everything silently. */
export class Paths {
  #weather: Weather = { ...FAIR };
  #lostUntil = Number.NEGATIVE_INFINITY;
  readonly timeline: Timeline;
  readonly random: Random;
  /** `from>to` -> since when. */
  readonly #cuts = new Map<string, number>();
  readonly #onHealed = new Set<(from: Machine, to: Machine) => void>();
  /** When each pair was last cut in either direction; `from>to`. */
  readonly #lastCutAt = new Map<string, number>();

  constructor(timeline: Timeline, random: Random) {
    this.timeline = timeline;
    this.random = random;
  }

  get weather(): Weather {
    return this.#weather;
  }

  set weather(next: Weather) {
    if (this.#weather.loss > 0) this.#lostUntil = this.timeline.now;
    this.#weather = next;
  }

  /** Whether packets get lost, or did no longer ago than this: what waits for one is still on its way. */
  hasLostWithin(ms: number): boolean {
    return this.#weather.loss > 0 || this.timeline.now - this.#lostUntil <= ms;
  }

  /** From one machine to another, with all that TCP needs until it is there. */
  delayMs(): number {
    return this.wireMs() + this.resendMs();
  }

  /** The same for a packet that is not lost. */
  wireMs(): number {
    return this.weather.delayMs + this.random.fraction() * this.weather.jitterMs;
  }

  /** What TCP waits before a packet gets through. */
  resendMs(): number {
    const { delayMs, loss } = this.weather;
    let ms = 0;
    if (loss === 0) return ms;
    for (let waitMs = RTO_MIN_MS + 2 * delayMs; this.random.chance(loss); waitMs *= 2) ms += waitMs;
    return ms;
  }

  isCut(from: Machine, to: Machine): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`);
  }

  /** Whether a conversation is impossible: something is lost in at least one direction. */
  isBroken(a: Machine, b: Machine): boolean {
    return this.isCut(a, b) || this.isCut(b, a);
  }

  /** Since when nothing gets through; null where it does. */
  cutSince(from: Machine, to: Machine): number | null {
    return this.#cuts.get(`${from}>${to}`) ?? null;
  }

  /** When this pair was last cut in either direction; null: never. */
  lastBrokenAt(a: Machine, b: Machine): number | null {
    if (this.isBroken(a, b)) return this.timeline.now;
    const there = this.#lastCutAt.get(`${a}>${b}`);
    const back = this.#lastCutAt.get(`${b}>${a}`);
    return there === undefined && back === undefined ? null : Math.max(there ?? 0, back ?? 0);
  }

  /** When this direction was last healed, also where it is cut again; null: never. */
  healedAt(from: Machine, to: Machine): number | null {
    return this.#lastCutAt.get(`${from}>${to}`) ?? null;
  }

  cut(from: Machine, to: Machine): void {
    const path = `${from}>${to}`;
    if (from !== to && !this.#cuts.has(path)) this.#cuts.set(path, this.timeline.now);
  }

  heal(from: Machine, to: Machine): void {
    if (!this.#cuts.delete(`${from}>${to}`)) return;
    this.#lastCutAt.set(`${from}>${to}`, this.timeline.now);
    for (const tell of this.#onHealed) tell(from, to);
  }

  healAll(): void {
    for (const path of [...this.#cuts.keys()]) {
      const [from, to] = path.split('>') as [Machine, Machine];
      this.heal(from, to);
    }
  }

  get hasCuts(): boolean {
    return this.#cuts.size > 0;
  }

  onHealed(tell: (from: Machine, to: Machine) => void): void {
    this.#onHealed.add(tell);
  }
}
