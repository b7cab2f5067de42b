import type { Claim, DirectoryView, MemberId, StreamKey } from '@headwater/directory';
import type { WorkerAddress } from '@headwater/media';
import { leanClaim, leanDelta } from './lean.js';
import type { DirectoryChange, LeanClaim, MemberFacts } from './messages.js';
import { encode } from './wire.js';

/** How long changes are gathered before all workers are told, ms. */
const BATCH_MS = 2;
/** Claims in one part of a copy: what is read and packed in one go. */
const PART_CLAIMS = 500;
/** A copy waits while a worker has so much to take, bytes. */
const COPY_BACKLOG_MAX = 1024 * 1024;
/** A worker with so much to take is told nothing more, and gets a copy once it has taken that, bytes. */
export const BEHIND_BYTES = 8 * 1024 * 1024;
/** How often it is looked whether one that has much to take has taken it, ms. */
const LOOK_EVERY_MS = 5;

/** A worker as the feed sees it. */
export interface Fed {
  send(frame: Buffer): void;
  readonly backlogBytes: number;
}

/** What the feed reads. */
export interface FeedSource {
  readonly directory: DirectoryView;
  facts(): readonly MemberFacts[];
  /** This member's own claims, by worker. */
  own(): Iterable<{ readonly claim: Claim; readonly worker: WorkerAddress }>;
}

export interface FeedTimers {
  /** Calls once after so long. */
  after(ms: number, run: () => void): void;
  /** Resolves when other work of this process had its turn. */
  turn(): Promise<void>;
}

const SYSTEM: FeedTimers = {
  after: (ms, run) => void setTimeout(run, ms),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

type Following =
  /** What has changed since its copy began waits for the end of that. */
  | { readonly name: 'copying'; readonly later: Buffer[]; laterBytes: number }
  | { readonly name: 'live' }
  /** It has to take more first; then it gets a copy. */
  | { readonly name: 'behind' };

interface Follower {
  readonly fed: Fed;
  following: Following;
  isGone: boolean;
}

/**
 * Keeps the workers' copies of the directory like main's own: each change is told in its order, those of a few ms as one
 * frame that is packed once for all. Who begins, or fell behind, gets a copy in parts, while main goes on; what changes
 * meanwhile is told after it.
 */
export class DirectoryFeed {
  readonly #source: FeedSource;
  readonly #timers: FeedTimers;
  readonly #partClaims: number;
  readonly #followers = new Set<Follower>();
  readonly #unsubscribe: () => void;
  #batch: DirectoryChange[] = [];
  #isFlushDue = false;
  #areFactsDue = false;
  /** Members whose claims are told anew in parts; what changes of them meanwhile waits. */
  readonly #retold = new Map<MemberId, DirectoryChange[]>();

  constructor(source: FeedSource, timers: FeedTimers = SYSTEM, partClaims = PART_CLAIMS) {
    this.#source = source;
    this.#partClaims = partClaims;
    this.#timers = timers;
    const { directory } = source;
    const { self } = directory;
    this.#unsubscribe = directory.observe({
      deltaApplied: (delta) => {
        if (delta.member !== self) this.#push(delta.member, leanDelta(delta));
        else if (delta.entries.some(({ kind }) => kind === 'profile'))
          this.#push(self, { do: 'profile', profile: directory.profile });
      },
      memberReplaced: (member) => this.#retell(member),
      livenessSet: (member, liveness) => this.#push(member, { do: 'liveness', member, liveness }),
      reachSet: (member, through) => this.#push(member, { do: 'reach', member, through }),
      claimsVoided: (member) => this.#push(member, { do: 'void', member }),
      memberForgotten: (member) => this.#push(member, { do: 'forget', member }),
    });
  }

  /** Begins with a copy. Returns how to stop. */
  follow(fed: Fed): () => void {
    const follower: Follower = { fed, following: { name: 'behind' }, isGone: false };
    this.#followers.add(follower);
    this.#copy(follower);
    return () => {
      follower.isGone = true;
      this.#followers.delete(follower);
    };
  }

  own(claim: Claim, worker: WorkerAddress): void {
    this.#push(this.#source.directory.self, { do: 'own', claim: leanClaim(claim), worker });
  }

  disown(key: StreamKey): void {
    this.#push(this.#source.directory.self, { do: 'disown', key });
  }

  /** What is known of members beside their claims has changed: told before what changes next. */
  factsChanged(): void {
    this.#areFactsDue = true;
    this.#planFlush();
  }

  stop(): void {
    this.#unsubscribe();
    for (const follower of this.#followers) follower.isGone = true;
    this.#followers.clear();
  }

  #push(member: MemberId, change: DirectoryChange): void {
    const waiting = this.#retold.get(member);
    if (waiting !== undefined) {
      waiting.push(change);
      return;
    }
    this.#gather(change);
  }

  /** Who begins to follow gets all of it: until somebody does, nothing is kept for them. */
  #gather(change: DirectoryChange): void {
    if (this.#followers.size === 0) return;
    this.#batch.push(change);
    this.#planFlush();
  }

  #planFlush(): void {
    if (this.#isFlushDue || this.#followers.size === 0) return;
    this.#isFlushDue = true;
    this.#timers.after(BATCH_MS, () => this.flush());
  }

  /** Tells what has changed now. */
  flush(): void {
    this.#isFlushDue = false;
    const changes = this.#batch;
    this.#batch = [];
    if (this.#areFactsDue) {
      this.#areFactsDue = false;
      changes.unshift({ do: 'facts', members: this.#source.facts() });
    }
    if (changes.length === 0 || this.#followers.size === 0) return;
    const frame = frameOf(changes);
    for (const follower of this.#followers) {
      const { following, fed } = follower;
      if (following.name === 'copying') {
        following.later.push(frame);
        following.laterBytes += frame.length;
      } else if (following.name === 'live') {
        if (fed.backlogBytes <= BEHIND_BYTES) fed.send(frame);
        else this.#fellBehind(follower);
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#timers.after(LOOK_EVERY_MS, resolve));
  }

  #fellBehind(follower: Follower): void {
    follower.following = { name: 'behind' };
    const look = (): void => {
      if (follower.isGone) return;
      if (follower.fed.backlogBytes > 0) this.#timers.after(LOOK_EVERY_MS, look);
      else this.#copy(follower);
    };
    this.#timers.after(LOOK_EVERY_MS, look);
  }

  /** A member's claims were replaced: few at once, many in parts, of which one that begins to follow must miss none. */
  #retell(member: MemberId): void {
    const before = this.#retold.get(member);
    // What waited is in what is told now, but for this: nothing is told of a member that is gone.
    for (const change of before ?? []) if (change.do === 'forget') this.#gather(change);
    const waiting: DirectoryChange[] = [];
    this.#retold.set(member, waiting);
    void this.#retellInParts(member, waiting, before !== undefined);
  }

  async #retellInParts(member: MemberId, waiting: DirectoryChange[], isAgain: boolean): Promise<void> {
    const isOver = (): boolean => this.#retold.get(member) !== waiting;
    if (isAgain) await this.#timers.turn();
    if (isOver()) return;
    for (const change of this.#copyOf(member)) {
      this.#gather(change);
      if (change.do !== 'part' || change.claims.length < this.#partClaims) continue;
      await this.#timers.turn();
      if (isOver()) return;
    }
    this.#retold.delete(member);
    for (const change of waiting) this.#gather(change);
  }

  /** Where a member is as it is now, then its claims: those that change meanwhile are told after it. */
  *#copyOf(member: MemberId): Iterable<DirectoryChange> {
    const { directory } = this.#source;
    const state = directory.member(member);
    if (state === undefined) return;
    const { position, profile, liveness, through } = state;
    yield { do: 'stage', member };
    let claims: LeanClaim[] = [];
    for (const claim of directory.claimsOf(member)) {
      claims.push(leanClaim(claim));
      if (claims.length < this.#partClaims) continue;
      yield { do: 'part', member, claims };
      claims = [];
    }
    if (claims.length > 0) yield { do: 'part', member, claims };
    yield { do: 'member', member, position, profile, liveness, through };
  }

  *#copyOfAll(): Iterable<DirectoryChange> {
    const { directory } = this.#source;
    yield { do: 'begin', profile: directory.profile };
    yield { do: 'facts', members: this.#source.facts() };
    for (const { id } of [...directory.members()]) if (id !== directory.self) yield* this.#copyOf(id);
    for (const { claim, worker } of [...this.#source.own()])
      yield { do: 'own', claim: leanClaim(claim), worker };
  }

  #copy(follower: Follower): void {
    // What is gathered now is in the copy already, and does no harm after it.
    const later: Buffer[] = [];
    const copying: Following = { name: 'copying', later, laterBytes: 0 };
    follower.following = copying;
    for (const member of [...this.#retold.keys()]) this.#retell(member);
    void this.#copyInParts(follower, copying);
  }

  async #copyInParts(follower: Follower, copying: Following & { name: 'copying' }): Promise<void> {
    const { fed } = follower;
    const isOver = (): boolean => follower.isGone || follower.following !== copying;
    let changes: DirectoryChange[] = [];
    let size = 0;
    for (const change of this.#copyOfAll()) {
      changes.push(change);
      size += change.do === 'part' ? change.claims.length : 1;
      if (size < this.#partClaims) continue;
      fed.send(frameOf(changes));
      changes = [];
      size = 0;
      await this.#timers.turn();
      // One that hangs, or still starts, may take none for seconds.
      while (!isOver() && fed.backlogBytes > COPY_BACKLOG_MAX && copying.laterBytes <= BEHIND_BYTES)
        await this.#pause();
      if (isOver()) return;
      if (copying.laterBytes > BEHIND_BYTES) {
        this.#fellBehind(follower);
        return;
      }
    }
    // What waits for a member that is told anew is no part of the copy: it counts when that is complete.
    fed.send(frameOf(changes));
    for (const frame of copying.later) fed.send(frame);
    fed.send(frameOf([{ do: 'complete' }]));
    follower.following = { name: 'live' };
  }
}

const frameOf = (changes: readonly DirectoryChange[]): Buffer => encode([{ kind: 'directory', changes }]);
