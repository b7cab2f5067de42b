import { comparePositions, type LogPosition, type MemberId } from '@headwater/directory';
import {
  GENERATION_MAX,
  MEMBERS_MAX,
  TWIN_ALONE_MAX_MS,
  TWIN_ALONE_MS,
  TWIN_DOUBT_MS,
  TWIN_FORGIVEN_MS,
  TWIN_FREE,
  TWIN_SKEW_MAX_MS,
  TWIN_WORDS_MAX,
} from './limits.js';

/** Another holder of this member's identity has a newer generation, so nothing that this one says counts. */
export interface Disputed {
  /** Ms of the core's clock. */
  readonly since: number;
  /** Of the other one. */
  readonly generation: number;
  /** Who says so. */
  readonly by: readonly MemberId[];
}

/** What one member says of this one's identity. */
interface Word {
  readonly by: MemberId;
  readonly generation: number;
  /** It hears that generation; null: it does not tell. */
  readonly isHeard: boolean | null;
  readonly at: number;
}

/** Words are repeated with each heartbeat: they count for so many intervals. */
const FRESH_INTERVALS = 3;

/**
 * Whether this member's identity is its own. A copied data folder makes two holders of one identity. Of these the newer
 * generation stands as long as anybody hears it, and the older one waits: it is told in answer to each of its heartbeats
 * which generation the others keep and whether they hear it. When nobody does, it takes a newer one.
 *
 * | what is said, of a newer generation                    | disputed | a newer generation is taken              |
 * | ------------------------------------------------------ | -------- | ---------------------------------------- |
 * | by its own signature, new words                        | yes      | no                                       |
 * | by most connected members, some hear it                | yes      | no; after `TWIN_DOUBT_MS` if not by most |
 * | by most connected members, nobody hears it             | yes      | after the pause                          |
 * | by few connected members, some hear it                 | no       | no                                       |
 * | by few connected members, nobody hears it              | no       | after the pause, where it is plausible   |
 * | nobody is connected                                    | as it is | where disputed, after `TWIN_DOUBT_MS`    |
 *
 * The pause is `TWIN_ALONE_MS`, doubled with each generation taken after the first `TWIN_FREE`. One member may lie: its word alone hides nobody, and
 * moves this one to a newer generation a few times an hour at most, not beyond what a clock may show.
 */
export class Dispute {
  readonly #freshMs: number;
  readonly #startedAt: number;
  readonly #startedAs: number;
  readonly #words = new Map<MemberId, Word>();
  readonly #heededAt = new Map<MemberId, readonly number[]>();
  #disputed: Disputed | null = null;
  /** The furthest that the other holder itself is known to be, by its signature, and when that came. */
  #proof: { readonly position: LogPosition; readonly at: number } | null = null;
  /** Somebody heard the other holder, most of those connected did, and most of them said that there is one: each time last. */
  #heardAt = NEVER;
  #heardByMostAt = NEVER;
  #saidByMostAt = NEVER;
  /** From when to when anybody says so. */
  #saidSince = NEVER;
  #saidAt = NEVER;
  /** Nobody is connected since then; null: somebody is. */
  #isolatedSince: number | null = null;
  #takenCount = 0;
  #takenAt = NEVER;

  constructor(generation: number, heartbeatMs: number, now: number) {
    this.#startedAs = generation;
    this.#startedAt = now;
    this.#freshMs = Math.max(TWIN_ALONE_MS, FRESH_INTERVALS * heartbeatMs);
  }

  get disputed(): Disputed | null {
    return this.#disputed;
  }

  /** A member says which generation of this identity it keeps. */
  told(by: MemberId, generation: number, isHeard: boolean | null, now: number): void {
    if (generation > GENERATION_MAX) return;
    if (this.#words.size >= MEMBERS_MAX && !this.#words.has(by)) this.#words.clear();
    this.#words.set(by, { by, generation, isHeard, at: now });
  }

  /** Words of a newer generation came under this identity's own signature. What was known is somebody's repetition. */
  proved(position: LogPosition, now: number): void {
    if (position.generation > GENERATION_MAX) return;
    if (this.#proof !== null && comparePositions(position, this.#proof.position) <= 0) return;
    this.#proof = { position, at: now };
    this.#heardAt = now;
    this.#heardByMostAt = now;
  }

  /** This process stood still for so long: that nobody spoke meanwhile says nothing. */
  excuse(stalledMs: number): void {
    this.#heardAt += stalledMs;
    this.#heardByMostAt += stalledMs;
    this.#saidByMostAt += stalledMs;
    this.#saidSince += stalledMs;
    this.#saidAt += stalledMs;
    if (this.#isolatedSince !== null) this.#isolatedSince += stalledMs;
  }

  /** Draws the conclusions. Returns the generation to take; null: none. `connected`: those who can be asked. */
  judge(own: number, connected: readonly MemberId[], now: number): number | null {
    this.#isolatedSince = connected.length > 0 ? null : (this.#isolatedSince ?? now);
    const said = connected.flatMap((id) => {
      const word = this.#words.get(id);
      return word && word.generation > own && now - word.at < this.#freshMs ? [word] : [];
    });
    const isSaidByMost = said.length > connected.length / 2;
    this.#note(said, connected.length, now);
    this.#settle(own, said, isSaidByMost, now);
    if (this.#isolatedSince !== null) return this.#alone(this.#isolatedSince, now);
    if (!said.some(({ isHeard }) => isHeard === false)) return null;
    const isHeardByNone = this.#isOver(TWIN_ALONE_MS, this.#heardAt, now);
    if (!isSaidByMost) return isHeardByNone ? this.#heeded(said, now) : null;
    const isHeardByFew = this.#isOver(TWIN_DOUBT_MS, this.#heardByMostAt, now);
    if (!isHeardByNone && !isHeardByFew) return null;
    // What most are content with, and others too as far as that is plausible.
    const sorted = said.map(({ generation }) => generation).sort((a, b) => a - b);
    const enough = sorted[Math.floor(connected.length / 2)] ?? own;
    return 1 + Math.max(enough, ...sorted.filter((generation) => this.#isPlausible(generation, now)));
  }

  /** That generation is this member's own now. */
  taken(now: number): void {
    this.#takenCount = this.#takenBefore(now) + 1;
    this.#takenAt = now;
    this.#disputed = null;
    this.#words.clear();
  }

  #note(said: readonly Word[], connected: number, now: number): void {
    if (said.length > 0) {
      if (now - this.#saidAt >= this.#freshMs) this.#saidSince = now;
      this.#saidAt = now;
    }
    const hearing = said.filter(({ isHeard }) => isHeard === true).length;
    if (hearing > 0) this.#heardAt = now;
    if (hearing > connected / 2) this.#heardByMostAt = now;
  }

  #settle(own: number, said: readonly Word[], isSaidByMost: boolean, now: number): void {
    const proof = this.#proof;
    const isProved = proof !== null && proof.position.generation > own && now - proof.at < this.#freshMs;
    if (isSaidByMost || isProved) {
      this.#saidByMostAt = now;
      const generation = Math.max(proof?.position.generation ?? 0, ...said.map((word) => word.generation));
      this.#disputed = { since: this.#disputed?.since ?? now, generation, by: said.map(({ by }) => by) };
    } else if (this.#isolatedSince === null && now - this.#saidByMostAt >= this.#freshMs)
      this.#disputed = null;
  }

  /** Nobody can be asked. */
  #alone(since: number, now: number): number | null {
    if (this.#disputed === null) return null;
    return this.#isOver(TWIN_DOUBT_MS, Math.max(since, this.#heardByMostAt), now)
      ? 1 + this.#disputed.generation
      : null;
  }

  /** Few say so: they hold a generation that the others never heard of. */
  #heeded(said: readonly Word[], now: number): number | null {
    for (const { by, generation } of said) {
      const before = (this.#heededAt.get(by) ?? []).filter((at) => now - at < TWIN_FORGIVEN_MS);
      if (!this.#isPlausible(generation, now) || before.length >= TWIN_WORDS_MAX) continue;
      if (this.#heededAt.size >= MEMBERS_MAX) this.#heededAt.clear();
      this.#heededAt.set(by, [...before, now]);
      return 1 + generation;
    }
    return null;
  }

  /** Generations are Unix ms of starts, and this member's tell what its clock showed. */
  #isPlausible(generation: number, now: number): boolean {
    return generation <= this.#startedAs + (now - this.#startedAt) + TWIN_SKEW_MAX_MS;
  }

  /** Whether the pause is over, since then and since anybody said anything. */
  #isOver(pauseMs: number, since: number, now: number): boolean {
    const longerMs = Math.min(
      Math.max(pauseMs, TWIN_ALONE_MAX_MS),
      pauseMs * 2 ** Math.max(0, this.#takenBefore(now) - TWIN_FREE + 1),
    );
    return now - Math.max(since, this.#saidSince) >= longerMs;
  }

  #takenBefore(now: number): number {
    return now - this.#takenAt < TWIN_FORGIVEN_MS ? this.#takenCount : 0;
  }
}

const NEVER = Number.NEGATIVE_INFINITY;
