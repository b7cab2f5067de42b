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
import type { Effects } from './effects.js';
import type { OwnState } from './heartbeats.js';
import { LOAD_LEVEL_INTERVAL_MS, RELEASES_MAX, STREAMS_PER_MEMBER_MAX } from './limits.js';
import { Outbox } from './outbox.js';

export interface OwnWordsOptions {
  readonly generation: number;
  readonly profile: MemberProfile;
  readonly batchMs: number;
  readonly order: OwnerPolicy;
}

/** All that this member says of itself: its claims, profile and load. It is the only one that writes its log. */
export class OwnWords {
  readonly log: OwnLog;
  readonly #directory: Directory;
  readonly #order: OwnerPolicy;
  readonly #pace: BroadcastPace;
  readonly #outbox: Outbox;
  #profile: MemberProfile;
  #load: MemberLoad = NO_LOAD;
  #loadLevelAt: number;

  constructor(options: OwnWordsOptions, directory: Directory, effects: Effects, now: number) {
    this.log = new OwnLog(directory.self, options.generation, RELEASES_MAX);
    this.#directory = directory;
    this.#order = options.order;
    this.#pace = new BroadcastPace(options.batchMs);
    this.#outbox = new Outbox(this.log, this.#pace);
    this.#profile = options.profile;
    this.#loadLevelAt = now;
    this.#enter(this.log.setProfile(options.profile), effects);
  }

  get profile(): MemberProfile {
    return this.#profile;
  }

  get position(): LogPosition {
    return { generation: this.log.generation, version: this.log.version };
  }

  /** As heartbeats tell it: changes still gathered are not missed by anybody yet. */
  get state(): OwnState {
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

  claim(claim: Claim, now: number, effects: Effects): void {
    if (this.log.has(claim.key) || this.log.size < STREAMS_PER_MEMBER_MAX)
      this.#change(this.log.claim(claim), now, effects);
    else {
      const reason = `this member claims ${STREAMS_PER_MEMBER_MAX} streams already, the most that one may`;
      effects.log('error', 'stream not claimed', { stream: claim.key, reason });
    }
  }

  release(key: StreamKey, now: number, effects: Effects): void {
    this.#change(this.log.release(key), now, effects);
  }

  /** The load level is the member's own to say, whatever profile it is given. */
  setProfile(profile: MemberProfile, now: number, effects: Effects): void {
    this.#tellProfile(profile, this.#profile.loadLevel ?? 0, now, effects);
  }

  setLoad(load: MemberLoad, now: number, effects: Effects): void {
    this.#load = load;
    this.#directory.setLoad(this.#directory.self, load);
    this.#tellLoadLevel(now, effects);
  }

  flushDue(now: number, effects: Effects): void {
    if (this.#outbox.dueAt !== null && this.#outbox.dueAt <= now) this.flush(now, effects);
  }

  /** `all`: at once, however many they are. */
  flush(now: number, effects: Effects, all = false): void {
    for (const delta of this.#outbox.flush(now, all)) effects.broadcasts.push({ kind: 'delta', delta });
  }

  #tellProfile(profile: MemberProfile, loadLevel: number, now: number, effects: Effects): void {
    this.#profile = { ...profile, ...(loadLevel > 0 && { loadLevel }) };
    this.#change(this.log.setProfile(this.#profile), now, effects);
    effects.changedMembers.add(this.#directory.self);
  }

  /** Only the member itself knows its load of a moment, so it alone says which level that is, in its log. */
  #tellLoadLevel(now: number, effects: Effects): void {
    if (this.#order !== 'spread' || now < this.#loadLevelAt) return;
    const { loadLevel = 0, ...profile } = this.#profile;
    const next = nextLoadLevel(loadLevel, this.#load);
    if (next === loadLevel) return;
    this.#loadLevelAt = now + LOAD_LEVEL_INTERVAL_MS;
    this.#tellProfile(profile, next, now, effects);
  }

  #change(entry: Entry | null, now: number, effects: Effects): void {
    if (entry === null) return;
    this.#enter(entry, effects);
    this.flushDue(now, effects);
  }

  #enter(entry: Entry, effects: Effects): void {
    this.#outbox.put(entry);
    const { member, generation } = this.log;
    const delta = { member, generation, from: entry.version - 1, to: entry.version, entries: [entry] };
    effects.changed(this.#directory.apply(delta).changed);
  }
}
