import type { Claim, Entry } from './claim.js';
import type { Delta, Snapshot } from './delta.js';
import type { MemberId, MemberProfile } from './member.js';
import type { StreamKey } from './stream-key.js';

/**
 * A member's own claims, as the log that it alone writes. Each change takes the next version; only the newest entry of
 * each key is kept, and of releases only the newest `releasesMax`: who asks from before those gets a snapshot.
 */
export class OwnLog {
  readonly member: MemberId;
  readonly generation: number;
  readonly #releasesMax: number;
  /** Newest entry of each stream and of the profile, in the order of their versions (a Map keeps insertion order). */
  readonly #entries = new Map<string, Entry>();
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
    return this.#entries.get(key)?.kind === 'claim';
  }

  /** The changes after version `from`; null where releases after it are forgotten and only a snapshot will do. */
  deltaSince(from: number): Delta | null {
    if (from < this.#forgottenUpTo) return null;
    const entries = [...this.#entries.values()].filter((entry) => entry.version > from);
    return { member: this.member, generation: this.generation, from, to: this.#version, entries };
  }

  snapshot(): Snapshot {
    const claims: Claim[] = [];
    let profile: MemberProfile | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.kind === 'claim') claims.push(entry.claim);
      else if (entry.kind === 'profile') profile = entry.profile;
    }
    return { member: this.member, generation: this.generation, version: this.#version, profile, claims };
  }

  #put(key: string, entry: Entry): Entry {
    this.#version = entry.version;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #forgetReleases(): void {
    const excess = this.#entries.size - this.#claims - 1 - this.#releasesMax;
    if (excess <= 0) return;
    let left = Math.max(excess, Math.ceil(this.#releasesMax / 8));
    for (const [key, entry] of this.#entries) {
      if (left === 0) break;
      if (entry.kind !== 'release') continue;
      this.#entries.delete(key);
      this.#forgottenUpTo = entry.version;
      left -= 1;
    }
  }
}

/** No stream key: those have two slashes. */
// Stryker disable next-line StringLiteral: any text without slashes would do.
const PROFILE = 'profile';
