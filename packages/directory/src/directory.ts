import type { Claim } from './claim.js';
import { comparePositions, type Delta, type Digest, type LogPosition, type Snapshot } from './delta.js';
import type { Liveness, MemberId, MemberLoad, MemberProfile } from './member.js';
import {
  isIndexed,
  type MemberRecord,
  type MemberState,
  newRecord,
  StandingClaim,
  stateOf,
} from './member-record.js';
import { type Owner, type OwnerOrder, primaryOrder } from './owner.js';
import type { StreamKey } from './stream-key.js';

/** The directory as everybody but the mesh sees it: to be read. */
export interface DirectoryView {
  readonly self: MemberId;
  /** This member's own profile. */
  readonly profile: MemberProfile;
  owners(key: StreamKey): readonly Owner[];
  /** Every stream with a standing claim. */
  streams(): Iterable<StreamKey>;
  /** How many streams have a standing claim. */
  readonly streamCount: number;
  member(id: MemberId): MemberState | undefined;
  members(): Iterable<MemberState>;
}

/** What a change of the directory did. */
export interface Applied {
  /**
   * `applied`; `old`: nothing new in it; `gap`: entries before it are missing, ask the owner from the position held;
   * `refused`: over a limit.
   */
  readonly outcome: 'applied' | 'old' | 'gap' | 'refused';
  /** Streams whose owners, or whose owners' order, may have changed. */
  readonly changed: readonly StreamKey[];
}

export interface DirectoryLimits {
  readonly membersMax: number;
  readonly streamsPerMemberMax: number;
}

const NOBODY: readonly Owner[] = [];
const NOTHING: readonly StreamKey[] = [];

/**
 * Every member's copy of all claims. An owner alone writes its own; here the higher (generation, version) wins, so
 * there is nothing to merge by vote, and deltas may come twice, late, never or in any order.
 *
 * No I/O, clock or randomness. Reads cost one lookup: owners are kept in order as they change.
 */
export class Directory implements DirectoryView {
  readonly self: MemberId;
  readonly #limits: DirectoryLimits;
  readonly #order: OwnerOrder;
  readonly #records = new Map<MemberId, MemberRecord>();
  readonly #owners = new Map<StreamKey, readonly StandingClaim[]>();

  constructor(
    self: MemberId,
    profile: MemberProfile,
    limits: DirectoryLimits,
    order: OwnerOrder = primaryOrder,
  ) {
    this.self = self;
    this.#limits = limits;
    this.#order = order;
    const record = newRecord(self);
    record.profile = profile;
    this.#records.set(self, record);
  }

  get profile(): MemberProfile {
    return this.#records.get(this.self)?.profile as MemberProfile;
  }

  get streamCount(): number {
    return this.#owners.size;
  }

  owners(key: StreamKey): readonly Owner[] {
    return this.#owners.get(key) ?? NOBODY;
  }

  streams(): Iterable<StreamKey> {
    return this.#owners.keys();
  }

  member(id: MemberId): MemberState | undefined {
    const record = this.#records.get(id);
    return record && stateOf(record);
  }

  *members(): Iterable<MemberState> {
    for (const record of this.#records.values()) yield stateOf(record);
  }

  /** How much of a member's log is held; generation 0, version 0 of one never heard of. */
  position(id: MemberId): LogPosition {
    const record = this.#records.get(id);
    return record ? { generation: record.generation, version: record.version } : UNKNOWN;
  }

  digest(): Digest {
    const digest = new Map<MemberId, LogPosition>();
    for (const record of this.#records.values()) {
      digest.set(record.id, { generation: record.generation, version: record.version });
    }
    return digest;
  }

  /** Takes over what is new in a member's own delta. The caller has made sure that `delta.member` itself said it. */
  apply(delta: Delta): Applied {
    const record = this.#recordFor(delta.member);
    if (record === null) return REFUSED;
    if (comparePositions({ generation: delta.generation, version: delta.to }, record) <= 0) return OLD;
    const changed = new Set<StreamKey>();
    if (delta.generation > record.generation) this.#startGeneration(record, delta.generation, changed);
    if (delta.from > record.version) return { outcome: 'gap', changed: [...changed] };
    if (claimsAfter(record, delta) > this.#limits.streamsPerMemberMax) {
      return { outcome: 'refused', changed: [...changed] };
    }
    for (const entry of delta.entries) {
      if (entry.version <= record.version) continue;
      if (entry.kind === 'claim') this.#put(record, entry.claim, changed);
      else if (entry.kind === 'release') this.#remove(record, entry.key, changed);
      else this.#setProfile(record, entry.profile, changed);
    }
    record.version = delta.to;
    return { outcome: 'applied', changed: [...changed] };
  }

  /** Replaces all that a member owns by its own snapshot, if that is newer than what is held. */
  replace(snapshot: Snapshot): Applied {
    const record = this.#recordFor(snapshot.member);
    if (record === null || snapshot.claims.length > this.#limits.streamsPerMemberMax) return REFUSED;
    if (comparePositions(snapshot, record) <= 0) return OLD;
    const changed = new Set<StreamKey>();
    const kept = new Set(snapshot.claims.map((claim) => claim.key));
    for (const key of [...record.claims.keys()]) if (!kept.has(key)) this.#remove(record, key, changed);
    if (snapshot.profile !== null) this.#setProfile(record, snapshot.profile, changed);
    for (const claim of snapshot.claims) this.#put(record, claim, changed);
    record.generation = snapshot.generation;
    record.version = snapshot.version;
    return { outcome: 'applied', changed: [...changed] };
  }

  /** Believes this of a member from now on; the streams whose owners or order that changes are returned. */
  setLiveness(id: MemberId, liveness: Liveness): readonly StreamKey[] {
    const record = this.#recordFor(id);
    if (record === null || record.liveness === liveness) return NOTHING;
    const wasIndexed = isIndexed(record);
    record.liveness = liveness;
    return this.#reindex(record, wasIndexed);
  }

  setLoad(id: MemberId, load: MemberLoad): void {
    const record = this.#records.get(id);
    if (record) record.load = load;
  }

  /** Records, this member's own included. */
  get memberCount(): number {
    return this.#records.size;
  }

  /** Drops the claims of a member that owns nothing any more. Words of its earlier starts are still refused. */
  voidClaims(id: MemberId): void {
    const record = this.#records.get(id);
    if (record && !isIndexed(record)) this.#startGeneration(record, record.generation, new Set());
  }

  /** Drops all knowledge of a member, so that its old words would be taken for new: only long after its death. */
  forget(id: MemberId): readonly StreamKey[] {
    if (id === this.self) return NOTHING;
    // Stryker disable next-line StringLiteral: whatever is not alive or suspect takes its claims out.
    const changed = this.setLiveness(id, 'dead');
    this.#records.delete(id);
    return changed;
  }

  #recordFor(id: MemberId): MemberRecord | null {
    const known = this.#records.get(id);
    if (known) return known;
    if (this.#records.size >= this.#limits.membersMax) return null;
    const record = newRecord(id);
    this.#records.set(id, record);
    return record;
  }

  /** A newer generation voids all that the older one owned, even before its own claims are known. */
  #startGeneration(record: MemberRecord, generation: number, changed: Set<StreamKey>): void {
    for (const key of [...record.claims.keys()]) this.#remove(record, key, changed);
    record.generation = generation;
    record.version = 0;
  }

  #put(record: MemberRecord, claim: Claim, changed: Set<StreamKey>): void {
    if (record.claims.get(claim.key) === claim) return;
    record.claims.set(claim.key, claim);
    if (isIndexed(record)) {
      this.#unindex(record, claim.key);
      this.#index(record, claim);
      changed.add(claim.key);
    }
  }

  #remove(record: MemberRecord, key: StreamKey, changed: Set<StreamKey>): void {
    if (!record.claims.delete(key) || !isIndexed(record)) return;
    this.#unindex(record, key);
    changed.add(key);
  }

  #setProfile(record: MemberRecord, profile: MemberProfile, changed: Set<StreamKey>): void {
    const wasIndexed = isIndexed(record);
    const isOnlyLoad = wasIndexed && sameButLoad(record.profile, profile);
    record.profile = profile;
    if (isOnlyLoad) this.#sortShared(record, changed);
    else for (const key of this.#reindex(record, wasIndexed)) changed.add(key);
  }

  /** Puts all claims of a member in the index anew, or takes them out of it, after something about it changed. */
  #reindex(record: MemberRecord, wasIndexed: boolean): readonly StreamKey[] {
    const indexed = isIndexed(record);
    if (!wasIndexed && !indexed) return NOTHING;
    for (const claim of record.claims.values()) {
      this.#unindex(record, claim.key);
      if (indexed) this.#index(record, claim);
    }
    return [...record.claims.keys()];
  }

  /** After a change that matters only where a stream has other owners too. */
  #sortShared(record: MemberRecord, changed: Set<StreamKey>): void {
    for (const key of record.claims.keys()) {
      // Stryker disable next-line ArrayDeclaration: each claim of an indexed member has owners; the type does not know.
      const owners = this.#owners.get(key) ?? [];
      if (owners.length < 2) continue;
      this.#owners.set(key, [...owners].sort(this.#order));
      changed.add(key);
    }
  }

  #index(record: MemberRecord, claim: Claim): void {
    const others = this.#owners.get(claim.key);
    const added = new StandingClaim(record, claim);
    this.#owners.set(claim.key, others === undefined ? [added] : [...others, added].sort(this.#order));
  }

  #unindex(record: MemberRecord, key: StreamKey): void {
    const owners = this.#owners.get(key);
    if (owners === undefined) return;
    const left = owners.filter((owner) => owner.member !== record.id);
    if (left.length === 0) this.#owners.delete(key);
    else this.#owners.set(key, left);
  }
}

const UNKNOWN: LogPosition = { generation: 0, version: 0 };
const OLD: Applied = { outcome: 'old', changed: NOTHING };
const REFUSED: Applied = { outcome: 'refused', changed: NOTHING };

/** Whether two profiles of one member differ in nothing but the load level. */
const sameButLoad = (a: MemberProfile | null, b: MemberProfile): boolean =>
  JSON.stringify({ ...a, loadLevel: 0 }) === JSON.stringify({ ...b, loadLevel: 0 });

/** How many claims the member will have: a member at its limit may release one and claim another in the same delta. */
function claimsAfter(record: MemberRecord, delta: Delta): number {
  const isHeld = new Map<StreamKey, boolean>();
  for (const entry of delta.entries) {
    if (entry.version <= record.version) continue;
    if (entry.kind === 'claim') isHeld.set(entry.claim.key, true);
    else if (entry.kind === 'release') isHeld.set(entry.key, false);
  }
  let count = record.claims.size;
  for (const [key, held] of isHeld) count += Number(held) - Number(record.claims.has(key));
  return count;
}
