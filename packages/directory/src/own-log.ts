import type { Claim, Entry } from './claim.js';
import type { Snapshot } from './delta.js';
import type { MemberId, MemberProfile } from './member.js';
import type { StreamKey } from './stream-key.js';

/** An entry, and the version from which on another one stands for it. */
interface Logged {
  readonly entry: Entry;
  supersededAt: number;
}

/** The log as it is at one version, to be read little by little while the log goes on. */
export interface LogCut {
  readonly version: number;
  readonly profile: MemberProfile | null;
  /** Newest entries of each key after the version asked for, in the order of their versions. */
  entries(): IterableIterator<Entry>;
}

/** Superseded entries are dropped once they are more than those that stand, and more than so many. */
const SUPERSEDED_MAX = 64;

/**
 * A member's own claims, as the log that it alone writes. Each change takes the next version; only the newest entry of
 * each key is kept, and of releases only the newest `releasesMax`: who asks from before those gets a snapshot.
 */
export class OwnLog {
  readonly member: MemberId;
  readonly generation: number;
  readonly #releasesMax: number;
  /** In the order of their versions. Never changed but at its end: who reads a cut holds the list as it was. */
  #logged: Logged[] = [];
  /** Of each stream, and of the profile. */
  readonly #newest = new Map<string, Logged>();
  #version = 0;
  #claims = 0;
  /** Every release up to this version may be forgotten. */
  #forgottenUpTo = 0;

  constructor(member: MemberId, generation: number, releasesMax: number) {
    this.member = member;
    this.generation = generation;
    this.#releasesMax = releasesMax;
  }

  get version(): number {
    return this.#version;
  }

  /** Entries in memory: those that cuts need no more are dropped now and then. */
  get entryCount(): number {
    return this.#logged.length;
  }

  /** How many claims stand. */
  get size(): number {
    return this.#claims;
  }

  claim(claim: Claim): Entry {
    if (!this.has(claim.key)) this.#claims += 1;
    return this.#put(claim.key, { kind: 'claim', version: this.#version + 1, claim });
  }

  /** Null where nothing was claimed. */
  release(key: StreamKey): Entry | null {
    if (!this.has(key)) return null;
    this.#claims -= 1;
    const entry = this.#put(key, { kind: 'release', version: this.#version + 1, key });
    this.#forgetReleases();
    return entry;
  }

  setProfile(profile: MemberProfile): Entry {
    return this.#put(PROFILE, { kind: 'profile', version: this.#version + 1, profile });
  }

  has(key: StreamKey): boolean {
    return this.#newest.get(key)?.entry.kind === 'claim';
  }

  /** The log as it is now, after version `from`. Costs next to nothing, however long the log is. */
  cut(from = 0): LogCut {
    const logged = this.#logged;
    const end = logged.length;
    const version = this.#version;
    const newest = this.#newest.get(PROFILE)?.entry;
    return {
      version,
      profile: newest?.kind === 'profile' ? newest.profile : null,
      *entries() {
        for (let at = firstAfter(logged, from); at < end; at += 1) {
          const { entry, supersededAt } = logged[at] as Logged;
          if (supersededAt > version) yield entry;
        }
      },
    };
  }

  /** Whether `cut(from)` has all changes since then; else releases after it are forgotten, and only a snapshot will do. */
  reachesBackTo(from: number): boolean {
    return from >= this.#forgottenUpTo;
  }

  snapshot(): Snapshot {
    const { version, profile, entries } = this.cut();
    const claims = [...entries()].flatMap((entry) => (entry.kind === 'claim' ? [entry.claim] : []));
    return { member: this.member, generation: this.generation, version, profile, claims };
  }

  #put(key: string, entry: Entry): Entry {
    this.#version = entry.version;
    this.#drop(key);
    const logged = { entry, supersededAt: Number.POSITIVE_INFINITY };
    this.#newest.set(key, logged);
    this.#logged.push(logged);
    const superseded = this.#logged.length - this.#newest.size;
    if (superseded > Math.max(SUPERSEDED_MAX, this.#newest.size))
      this.#logged = this.#logged.filter(({ supersededAt }) => supersededAt > this.#version);
    return entry;
  }

  /** What was newest of this key is so no more; cuts made before this version still have it. */
  #drop(key: string): void {
    const logged = this.#newest.get(key);
    if (logged === undefined) return;
    logged.supersededAt = this.#version;
    this.#newest.delete(key);
  }

  #forgetReleases(): void {
    const excess = this.#newest.size - this.#claims - 1 - this.#releasesMax;
    if (excess <= 0) return;
    let left = Math.max(excess, Math.ceil(this.#releasesMax / 8));
    // A Map keeps the order in which keys came: the oldest first.
    for (const [key, { entry }] of this.#newest) {
      if (left === 0) break;
      if (entry.kind !== 'release') continue;
      this.#drop(key);
      this.#forgottenUpTo = entry.version;
      left -= 1;
    }
  }
}

/** The first entry after this version. */
function firstAfter(logged: readonly Logged[], version: number): number {
  let low = 0;
  let high = logged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((logged[middle] as Logged).entry.version <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** No stream key: those have two slashes. */
// Stryker disable next-line StringLiteral: any text without slashes would do.
const PROFILE = 'profile';
