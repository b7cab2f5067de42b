import type { Claim } from './claim.js';
import { ClaimSet } from './claim-set.js';
import { comparePositions, type Delta, type Digest, type LogPosition, type Snapshot } from './delta.js';
import type { DirectoryObserver } from './directory-observer.js';
import { claimsStand, type Liveness, type MemberId, type MemberLoad, type MemberProfile } from './member.js';
import { MemberRecord, type MemberState } from './member-record.js';
import { type Owner, type OwnerOrder, primaryOrder } from './owner.js';
import { ALL_STREAMS, OwnersChange, type StreamKeys } from './owners-change.js';
import type { Candidate } from './rendezvous.js';
import { StreamIndex } from './stream-index.js';
import type { StreamKey } from './stream-key.js';
import { Sweeper } from './sweeper.js';

/** The directory as everybody but the mesh sees it: to be read. */
export interface DirectoryView {
  readonly self: MemberId;
  /** This member's own profile. */
  readonly profile: MemberProfile;
  owners(key: StreamKey): readonly Owner[];
  /** Every stream with a standing claim. Walks them all: for who has the time. */
  streams(): Iterable<StreamKey>;
  /** How many streams have a standing claim. */
  readonly streamCount: number;
  /**
   * The first `max` streams in the order of their keys that are not before `key`. Also of claims that do not stand at the
   * moment: those have no owners.
   */
  keysFrom(key: StreamKey, max: number): readonly StreamKey[];
  member(id: MemberId): MemberState | undefined;
  members(): Iterable<MemberState>;
  /** Other members that can take more plays. */
  withRoom(): readonly Candidate[];
  /** All claims of one member, standing or not, to be walked little by little: those made meanwhile may be among them. */
  claimsOf(id: MemberId): Iterable<Claim>;
  /** Tells of each change from now on. Returns how to stop that. */
  observe(observer: DirectoryObserver): () => void;
}

/** What a change of the directory did. */
export interface Applied {
  /**
   * `applied`; `old`: nothing new in it; `gap`: entries before it are missing, ask the owner from the position held;
   * `refused`: over a limit.
   */
  readonly outcome: 'applied' | 'old' | 'gap' | 'refused';
  /** To be looked at before the directory changes again. */
  readonly changed: OwnersChange;
}

export interface DirectoryLimits {
  readonly membersMax: number;
  readonly streamsPerMemberMax: number;
}

/** A snapshot of which some parts may still be missing. */
export type SnapshotHead = Omit<Snapshot, 'claims'>;

/** With each claim that comes in, so many are swept: claims that were voided never outgrow those that are held. */
const SWEPT_PER_CLAIM = 2;

/**
 * Every member's copy of all claims. An owner alone writes its own; here the higher (generation, version) wins, so
 * there is nothing to merge by vote, and deltas may come twice, late, never or in any order.
 *
 * No I/O, clock or randomness. Nothing here takes longer than what it is given is long: a member with 25,000 claims dies,
 * comes back, starts anew or is replaced by one pointer, and what is left of it is swept in slices (`sweep`).
 */
export class Directory implements DirectoryView {
  readonly self: MemberId;
  readonly #limits: DirectoryLimits;
  readonly #records = new Map<MemberId, MemberRecord>();
  readonly #index: StreamIndex;
  readonly #sweeper: Sweeper;
  readonly #own: MemberRecord;
  readonly #observers = new Set<DirectoryObserver>();
  #sets = 0;
  #withRoom: readonly Candidate[] | null = null;

  constructor(
    self: MemberId,
    profile: MemberProfile,
    limits: DirectoryLimits,
    order: OwnerOrder = primaryOrder,
  ) {
    this.self = self;
    this.#limits = limits;
    this.#index = new StreamIndex(order);
    this.#sweeper = new Sweeper(this.#index);
    this.#own = new MemberRecord(self, this.#newId(), this.#records);
    this.#own.profile = profile;
    this.#records.set(self, this.#own);
  }

  get profile(): MemberProfile {
    return this.#own.profile as MemberProfile;
  }

  get streamCount(): number {
    let count = this.#index.sharedCount;
    for (const { stands, claims } of this.#records.values()) if (stands) count += claims.soleCount;
    return count;
  }

  owners(key: StreamKey): readonly Owner[] {
    return this.#index.owners(key);
  }

  streams(): Iterable<StreamKey> {
    return this.#index.streams();
  }

  keysFrom(key: StreamKey, max: number): readonly StreamKey[] {
    return this.#index.keysFrom(key, max);
  }

  member(id: MemberId): MemberState | undefined {
    return this.#records.get(id)?.state;
  }

  *members(): Iterable<MemberState> {
    for (const record of this.#records.values()) yield record.state;
  }

  *claimsOf(id: MemberId): Iterable<Claim> {
    for (const { claim } of this.#records.get(id)?.claims.values() ?? []) yield claim;
  }

  observe(observer: DirectoryObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  withRoom(): readonly Candidate[] {
    this.#withRoom ??= [...this.#records.values()].flatMap(({ id, withRoom }) =>
      id === this.self ? [] : (withRoom ?? []),
    );
    return this.#withRoom;
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
    if (record === null) return nothing('refused');
    if (comparePositions({ generation: delta.generation, version: delta.to }, record) <= 0)
      return nothing('old');
    const changed = new OwnersChange();
    const isNewer = delta.generation > record.generation;
    if (isNewer) this.#startGeneration(record, delta.generation, changed);
    if (delta.from > record.version) {
      if (isNewer) this.#tell((observer) => observer.deltaApplied(generationAlone(delta)));
      return { outcome: 'gap', changed };
    }
    if (claimsAfter(record, delta) > this.#limits.streamsPerMemberMax) {
      if (isNewer) this.#tell((observer) => observer.deltaApplied(generationAlone(delta)));
      return { outcome: 'refused', changed };
    }
    for (const entry of delta.entries) {
      if (entry.version <= record.version) continue;
      if (entry.kind === 'claim') this.#put(record, entry.claim, changed);
      else if (entry.kind === 'release') this.#remove(record, entry.key, changed);
      else if (entry.kind === 'profile') this.#setProfile(record, entry.profile, changed);
    }
    record.version = delta.to;
    this.#tell((observer) => observer.deltaApplied(delta));
    return { outcome: 'applied', changed };
  }

  /** Replaces all that a member owns by its own snapshot, if that is newer than what is held. */
  replace(snapshot: Snapshot): Applied {
    const staged = this.stage(snapshot.member);
    return staged?.add(snapshot.claims) === true ? staged.commit(snapshot) : nothing('refused');
  }

  /**
   * Begins a snapshot whose claims come part by part; only all together replace what is held. One begun before for the same
   * member is void. Null where the member is one too many.
   */
  stage(id: MemberId): StagedSnapshot | null {
    const record = this.#recordFor(id);
    if (record === null) return null;
    const set = this.#newSet(record);
    this.#unstage(record);
    record.staged = set;
    return {
      add: (claims) => this.#addStaged(record, set, claims),
      commit: (head) => this.#commit(record, set, head),
      discard: () => {
        if (record.staged === set) this.#unstage(record);
      },
    };
  }

  /** Orders owners so from now on. Observers are not told: a copy is to be given the same order. */
  orderBy(order: OwnerOrder): OwnersChange {
    this.#index.orderBy(order);
    return OwnersChange.of(ALL_STREAMS);
  }

  /** Believes this of a member from now on. */
  setLiveness(id: MemberId, liveness: Liveness): OwnersChange {
    const isNew = !this.#records.has(id);
    const record = this.#recordFor(id);
    if (record === null) return new OwnersChange();
    if (record.liveness === liveness) {
      if (isNew) this.#tell((observer) => observer.livenessSet(id, liveness));
      return new OwnersChange();
    }
    const stood = record.stands;
    record.liveness = liveness;
    this.#reorder();
    this.#tell((observer) => observer.livenessSet(id, liveness));
    return stood || record.stands ? OwnersChange.of(record.claims) : new OwnersChange();
  }

  /** `through`: members that reach both this one and us; empty where we reach it ourselves, or nobody does. */
  setReach(id: MemberId, through: readonly MemberId[]): OwnersChange {
    const record = this.#records.get(id);
    if (record === undefined || String(record.through) === String(through)) return new OwnersChange();
    record.through = [...through];
    this.#tell((observer) => observer.reachSet(id, through));
    return record.liveness === 'unreachable' && record.stands
      ? OwnersChange.of(record.claims)
      : new OwnersChange();
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
    if (record === undefined || claimsStand(record.liveness)) return;
    this.#unstage(record);
    this.#startGeneration(record, record.generation, new OwnersChange());
    this.#tell((observer) => observer.claimsVoided(id));
  }

  /** Drops all knowledge of a member, so that its old words would be taken for new: only long after its death. */
  forget(id: MemberId): OwnersChange {
    const record = this.#records.get(id);
    if (record === undefined || record === this.#own) return new OwnersChange();
    const changed = record.stands ? OwnersChange.of(record.claims) : new OwnersChange();
    this.#unstage(record);
    this.#replaceSet(record, this.#newSet(record));
    this.#records.delete(id);
    this.#tell((observer) => observer.memberForgotten(id));
    return changed;
  }

  /** Whether claims that were voided are still to be swept. */
  get isSweepDue(): boolean {
    return this.#sweeper.isDue;
  }

  /** Frees what voided claims still take, so many of them at once. Nobody sees those any more. */
  sweep(claimsMax: number): void {
    this.#sweeper.sweep(claimsMax);
  }

  #recordFor(id: MemberId): MemberRecord | null {
    const known = this.#records.get(id);
    if (known) return known;
    if (this.#records.size >= this.#limits.membersMax) return null;
    const record = new MemberRecord(id, this.#newId(), this.#records, this.#own);
    this.#records.set(id, record);
    return record;
  }

  #newId(): number {
    // Stryker disable next-line AssignmentOperator: any number that was not there yet would do.
    this.#sets += 1;
    return this.#sets;
  }

  #newSet(record: MemberRecord): ClaimSet {
    return new ClaimSet(this.#newId(), record);
  }

  /** What the order of owners, or who has room, goes by has changed. */
  #reorder(): void {
    this.#index.reorder();
    this.#withRoom = null;
  }

  #replaceSet(record: MemberRecord, set: ClaimSet): void {
    this.#sweeper.retire(record.claims);
    record.claims = set;
    this.#reorder();
  }

  #unstage(record: MemberRecord): void {
    if (record.staged !== null) this.#sweeper.retire(record.staged);
    record.staged = null;
  }

  /** A newer generation voids all that the older one owned, even before its own claims are known. */
  #startGeneration(record: MemberRecord, generation: number, changed: OwnersChange): void {
    const before = record.claims;
    if (before.stands) changed.addAll(before);
    this.#replaceSet(record, this.#newSet(record));
    record.generation = generation;
    record.version = 0;
  }

  #put(record: MemberRecord, claim: Claim, changed: OwnersChange): void {
    const set = record.claims;
    if (set.get(claim.key)?.claim === claim) return;
    this.#index.put(set.put(claim));
    this.#sweeper.sweep(SWEPT_PER_CLAIM);
    if (set.stands) changed.add(claim.key);
  }

  #remove(record: MemberRecord, key: StreamKey, changed: OwnersChange): void {
    const set = record.claims;
    const held = set.get(key);
    if (held === undefined) return;
    set.delete(key);
    this.#index.remove(held);
    if (set.stands) changed.add(key);
  }

  #setProfile(record: MemberRecord, profile: MemberProfile, changed: OwnersChange): void {
    const before = record.profile;
    record.profile = profile;
    this.#reorder();
    const set = record.claims;
    if (!set.stands) return;
    if (sameButRank(before, profile)) changed.addAll(this.#sharedOf(set));
    else changed.addAll(set);
  }

  /** Those of a member's streams that others claim too. */
  #sharedOf(set: ClaimSet): StreamKeys {
    const index = this.#index;
    return {
      size: set.size,
      has: (key) => set.has(key) && index.isShared(key),
      *keys() {
        for (const key of set.keys()) if (index.isShared(key)) yield key;
      },
    };
  }

  #addStaged(record: MemberRecord, set: ClaimSet, claims: readonly Claim[]): boolean {
    if (record.staged !== set) return false;
    for (const claim of claims) {
      this.#index.put(set.put(claim));
      this.#sweeper.sweep(SWEPT_PER_CLAIM);
    }
    if (set.size <= this.#limits.streamsPerMemberMax) return true;
    this.#unstage(record);
    return false;
  }

  #commit(record: MemberRecord, set: ClaimSet, { generation, version, profile }: SnapshotHead): Applied {
    if (record.staged !== set) return nothing('old');
    if (comparePositions({ generation, version }, record) <= 0) {
      this.#unstage(record);
      return nothing('old');
    }
    const before = record.claims;
    const changed = before.stands ? OwnersChange.of(before) : new OwnersChange();
    record.staged = null;
    record.profile = profile ?? record.profile;
    record.generation = generation;
    record.version = version;
    this.#replaceSet(record, set);
    if (set.stands) changed.addAll(set);
    this.#tell((observer) => observer.memberReplaced(record.id));
    return { outcome: 'applied', changed };
  }

  #tell(of: (observer: DirectoryObserver) => void): void {
    for (const observer of this.#observers) of(observer);
  }
}

/** A snapshot that is taken part by part. */
export interface StagedSnapshot {
  /** False where these are more than one member may claim, or the snapshot is void: then it is of no more use. */
  add(claims: readonly Claim[]): boolean;
  /** Its claims stand from now on, and those held before do not, if it is newer. The profile stays where it brings none. */
  commit(head: SnapshotHead): Applied;
  discard(): void;
}

const UNKNOWN: LogPosition = { generation: 0, version: 0 };

const nothing = (outcome: 'old' | 'refused'): Applied => ({ outcome, changed: new OwnersChange() });

/** A delta of which nothing but its generation was taken. */
const generationAlone = (delta: Delta): Delta => ({ ...delta, from: 0, to: 0, entries: [] });

/** Whether two profiles of one member differ in nothing but what ranks it among other owners. */
const sameButRank = (a: MemberProfile | null, b: MemberProfile): boolean => unranked(a) === unranked(b);

const unranked = (profile: MemberProfile | null): string =>
  JSON.stringify({ ...profile, loadLevel: undefined, full: undefined });

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
