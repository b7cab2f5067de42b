import {
  type Claim,
  type Directory,
  type Entry,
  type LogPosition,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NO_LOAD,
  nextLoadLevel,
  type OwnerPolicy,
  OwnLog,
  type StreamKey,
} from '@headwater/directory';
import { BroadcastPace } from './broadcast-pace.js';
import type { HeartbeatState } from './heartbeats.js';
import { LOAD_LEVEL_INTERVAL_MS, RELEASES_MAX, STREAMS_PER_MEMBER_MAX } from './limits.js';
import { Outbox } from './outbox.js';
import type { Step } from './step.js';

export interface LocalStateOptions {
  readonly generation: number;
  readonly profile: MemberProfile;
  readonly batchMs: number;
  readonly order: OwnerPolicy;
}

/** All that this member says of itself: its claims, profile and load. It is the only one that writes its log. */
export class LocalState {
  readonly #directory: Directory;
  #order: OwnerPolicy;
  readonly #pace: BroadcastPace;
  #log: OwnLog;
  #outbox: Outbox;
  #profile: MemberProfile;
  #load: MemberLoad = NO_LOAD;
  #loadLevelAt: number;

  constructor(options: LocalStateOptions, directory: Directory, step: Step) {
    this.#log = new OwnLog(directory.self, options.generation, RELEASES_MAX);
    this.#directory = directory;
    this.#order = options.order;
    this.#pace = new BroadcastPace(options.batchMs);
    this.#outbox = new Outbox(this.log, this.#pace);
    this.#profile = options.profile;
    this.#loadLevelAt = step.now;
    this.#enter(this.log.setProfile(options.profile), step);
  }

  /** Loads are told by it, or are not. */
  set order(order: OwnerPolicy) {
    this.#order = order;
  }

  get log(): OwnLog {
    return this.#log;
  }

  get profile(): MemberProfile {
    return this.#profile;
  }

  get position(): LogPosition {
    return { generation: this.log.generation, version: this.log.version };
  }

  /** As heartbeats tell it: changes still gathered are not missed by anybody yet. */
  get state(): Pick<HeartbeatState, 'position' | 'load'> {
    const position = { generation: this.log.generation, version: this.#outbox.sentVersion };
    return { position, load: this.#load };
  }

  /** Gathered changes go out then; null: none. */
  get flushAt(): number | null {
    return this.#outbox.dueAt;
  }

  /** Others whose broadcasts slow this member's down. */
  get speakers(): number {
    return this.#pace.speakers;
  }

  /** Another member broadcast something. */
  heardOther(author: MemberId, now: number): void {
    this.#pace.heard(author, now);
  }

  claim(claim: Claim, step: Step): void {
    if (this.log.has(claim.key) || this.log.size < STREAMS_PER_MEMBER_MAX)
      this.#change(this.log.claim(claim), step);
    else {
      const reason = `this member claims ${STREAMS_PER_MEMBER_MAX} streams already, the most that one may`;
      step.effects.log('error', 'stream not claimed', { stream: claim.key, reason });
    }
  }

  release(key: StreamKey, step: Step): void {
    this.#change(this.log.release(key), step);
  }

  /** The load level is the member's own to say, whatever profile it is given. */
  setProfile(profile: MemberProfile, step: Step): void {
    this.#tellProfile(profile, this.#profile.loadLevel ?? 0, step);
  }

  /** Something signed and new, where nothing has changed. */
  tellProfileAgain(step: Step): void {
    this.#change(this.log.setProfile(this.#profile), step);
  }

  setLoad(load: MemberLoad, step: Step): void {
    this.#load = load;
    this.#directory.setLoad(this.#directory.self, load);
    this.#tellLoadLevel(step);
  }

  /**
   * Begins a newer generation: all that stands is told anew. Not by broadcasts: whoever hears of the generation asks for
   * its log. Takes as long as there are claims, some us each.
   */
  beginGeneration(generation: number, step: Step): void {
    const { profile, claims } = this.#log.snapshot();
    this.#log = new OwnLog(this.#directory.self, generation, RELEASES_MAX);
    this.#tell(this.#log.setProfile(profile ?? this.#profile), step);
    for (const claim of claims) this.#tell(this.#log.claim(claim), step);
    this.#outbox = new Outbox(this.#log, this.#pace, this.#log.version);
  }

  flushDue(step: Step): void {
    if (this.#outbox.dueAt !== null && this.#outbox.dueAt <= step.now) this.flush(step);
  }

  /** `all`: at once, however many they are. */
  flush(step: Step, all = false): void {
    for (const delta of this.#outbox.flush(step.now, all))
      step.effects.broadcasts.push({ kind: 'delta', delta });
  }

  #tellProfile(profile: MemberProfile, loadLevel: number, step: Step): void {
    this.#profile = { ...profile, ...(loadLevel > 0 && { loadLevel }) };
    this.#change(this.log.setProfile(this.#profile), step);
    step.effects.changedMembers.add(this.#directory.self);
  }

  /** Only the member itself knows its load of a moment, so it alone says which level that is, in its log. */
  #tellLoadLevel(step: Step): void {
    if (this.#order !== 'spread' || step.now < this.#loadLevelAt) return;
    const { loadLevel = 0, ...profile } = this.#profile;
    const next = nextLoadLevel(loadLevel, this.#load);
    if (next === loadLevel) return;
    this.#loadLevelAt = step.now + LOAD_LEVEL_INTERVAL_MS;
    this.#tellProfile(profile, next, step);
  }

  #change(entry: Entry | null, step: Step): void {
    if (entry === null) return;
    this.#enter(entry, step);
    this.flushDue(step);
  }

  #enter(entry: Entry, step: Step): void {
    this.#outbox.put(entry);
    this.#tell(entry, step);
  }

  /** The own directory has it at once. */
  #tell(entry: Entry, step: Step): void {
    const { member, generation } = this.log;
    const delta = { member, generation, from: entry.version - 1, to: entry.version, entries: [entry] };
    step.effects.changed(this.#directory.apply(delta).changed);
  }
}
