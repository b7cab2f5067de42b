import {
  ALL_STREAMS,
  type Claim,
  Directory,
  type MemberId,
  type MemberProfile,
  type OwnerOrder,
  OwnersChange,
  type StagedSnapshot,
  type StreamKey,
} from '@headwater/directory';
import type { WorkerAddress } from '@headwater/media';
import { fullClaim, fullDelta, leanClaim } from './lean.js';
import type { DirectoryChange, MemberFacts } from './messages.js';

/** Main's directory has refused what is over the limits already. */
const NO_LIMITS = { membersMax: Number.POSITIVE_INFINITY, streamsPerMemberMax: Number.POSITIVE_INFINITY };

interface Sibling {
  readonly claim: Claim;
  readonly worker: WorkerAddress;
}

/** One copy of main's directory, and which worker of this member has which stream. */
class Copy {
  readonly directory: Directory;
  readonly siblings = new Map<StreamKey, Sibling>();
  readonly staged = new Map<MemberId, StagedSnapshot>();
  facts: readonly MemberFacts[] = [];
  #version = 0;

  constructor(self: MemberId, profile: MemberProfile, order: OwnerOrder) {
    this.directory = new Directory(self, profile, NO_LIMITS, order);
  }

  /** This member's own entries have versions of this copy alone: they come from workers, not from a log. */
  own(claim: Claim): OwnersChange {
    return this.#apply({ kind: 'claim', version: this.#version + 1, claim });
  }

  disown(key: StreamKey): OwnersChange {
    return this.#apply({ kind: 'release', version: this.#version + 1, key });
  }

  profile(profile: MemberProfile): OwnersChange {
    return this.#apply({ kind: 'profile', version: this.#version + 1, profile });
  }

  #apply(entry: Parameters<Directory['apply']>[0]['entries'][number]): OwnersChange {
    const from = this.#version;
    this.#version += 1;
    const member = this.directory.self;
    return this.directory.apply({ member, generation: 1, from, to: this.#version, entries: [entry] }).changed;
  }
}

export interface ReplicaOptions {
  readonly self: MemberId;
  readonly order: OwnerOrder;
  readonly worker: WorkerAddress;
  /** Called after each change, before the next. */
  onChanged(changed: OwnersChange): void;
}

const NOBODY: MemberProfile = {
  name: '',
  role: 'origin',
  addresses: [],
  relayAddress: { network: '', host: '', rtmpPort: 0, httpPort: 0 },
  draining: false,
  program: '',
};

/**
 * A worker's copy of the directory, made of what main tells: the same changes in the same order give the same. Its own
 * claims count here at once, before main has heard of them; those of its siblings when main says so.
 */
export class DirectoryReplica {
  readonly #options: ReplicaOptions;
  readonly #own = new Map<StreamKey, Claim>();
  #order: OwnerOrder;
  #copy: Copy;
  /** The one that comes, until it is complete. */
  #next: Copy | null = null;
  #isComplete = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#order = options.order;
    this.#copy = new Copy(options.self, NOBODY, options.order);
  }

  get directory(): Directory {
    return this.#copy.directory;
  }

  get facts(): readonly MemberFacts[] {
    return this.#copy.facts;
  }

  /** The first copy was there. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The sibling that has the stream's publisher; null where it is here, or nowhere on this member. */
  workerOf(key: StreamKey): WorkerAddress | null {
    return this.#own.has(key) ? null : (this.#copy.siblings.get(key)?.worker ?? null);
  }

  /** A publisher of this worker. */
  claim(claim: Claim): void {
    this.#own.set(claim.key, claim);
    const lean = fullClaim(leanClaim(claim));
    this.#next?.own(lean);
    this.#options.onChanged(this.#copy.own(lean));
  }

  release(key: StreamKey): void {
    this.#own.delete(key);
    if (this.#next !== null) this.#disownIn(this.#next, key);
    this.#options.onChanged(this.#disownIn(this.#copy, key));
  }

  /** As main's own orders owners from now on. */
  orderBy(order: OwnerOrder): void {
    this.#order = order;
    this.#next?.directory.orderBy(order);
    this.#options.onChanged(this.#copy.directory.orderBy(order));
  }

  take(changes: readonly DirectoryChange[]): void {
    for (const change of changes) {
      if (change.do === 'begin') this.#begin(change.profile);
      else if (change.do === 'complete') this.#complete();
      else if (this.#next !== null) this.#apply(this.#next, change);
      else this.#options.onChanged(this.#apply(this.#copy, change));
    }
  }

  #begin(profile: MemberProfile): void {
    this.#next = new Copy(this.#options.self, profile, this.#order);
    for (const claim of this.#own.values()) this.#next.own(fullClaim(leanClaim(claim)));
  }

  #complete(): void {
    if (this.#next === null) return;
    this.#copy = this.#next;
    this.#next = null;
    this.#isComplete = true;
    // Any stream may have other owners now.
    this.#options.onChanged(OwnersChange.of(ALL_STREAMS));
  }

  #apply(copy: Copy, change: Exclude<DirectoryChange, { do: 'begin' | 'complete' }>): OwnersChange {
    const { directory } = copy;
    switch (change.do) {
      case 'stage': {
        const staged = directory.stage(change.member);
        if (staged !== null) copy.staged.set(change.member, staged);
        return NOTHING;
      }
      case 'part':
        copy.staged.get(change.member)?.add(change.claims.map(fullClaim));
        return NOTHING;
      case 'member':
        return this.#place(copy, change);
      case 'delta':
        return directory.apply(fullDelta(change)).changed;
      case 'liveness':
        return directory.setLiveness(change.member, change.liveness);
      case 'reach':
        return directory.setReach(change.member, change.through);
      case 'void':
        directory.voidClaims(change.member);
        return NOTHING;
      case 'forget':
        copy.staged.delete(change.member);
        return directory.forget(change.member);
      case 'own':
        return this.#sibling(copy, fullClaim(change.claim), change.worker);
      case 'disown':
        copy.siblings.delete(change.key);
        return this.#disownIn(copy, change.key);
      case 'profile':
        return copy.profile(change.profile);
      case 'facts':
        copy.facts = change.members;
        return NOTHING;
    }
  }

  #place(copy: Copy, change: Extract<DirectoryChange, { do: 'member' }>): OwnersChange {
    const { directory } = copy;
    const { member, position, profile, liveness, through } = change;
    const changed = new OwnersChange();
    const staged = copy.staged.get(member);
    copy.staged.delete(member);
    // A member of whom nothing but its life is known has nothing to be put in place.
    if (staged !== undefined) changed.join(staged.commit({ member, ...position, profile }).changed);
    changed.join(directory.setLiveness(member, liveness));
    changed.join(directory.setReach(member, through));
    return changed;
  }

  #sibling(copy: Copy, claim: Claim, worker: WorkerAddress): OwnersChange {
    if (worker.path === this.#options.worker.path) {
      // Main heard of it: no sibling has it any more, and what stands here is newer than what comes back.
      copy.siblings.delete(claim.key);
      return NOTHING;
    }
    copy.siblings.set(claim.key, { claim, worker });
    const changed = this.#own.has(claim.key) ? new OwnersChange() : copy.own(claim);
    changed.add(claim.key);
    return changed;
  }

  /** What is left of this member's claim on a stream when one of its workers has none any more. */
  #disownIn(copy: Copy, key: StreamKey): OwnersChange {
    const left = this.#own.get(key) ?? copy.siblings.get(key)?.claim;
    const changed = left === undefined ? copy.disown(key) : copy.own(fullClaim(leanClaim(left)));
    changed.add(key);
    return changed;
  }
}

const NOTHING = new OwnersChange();
