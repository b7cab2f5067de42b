import type { Directory, Liveness, MemberId } from '@headwater/directory';
import { Answering } from './answering.js';
import { Envelopes } from './envelopes.js';
import { type Evidence, FailureDetector, type Patience } from './failure-detector.js';
import { Follower } from './follower.js';
import { HeartbeatExchange } from './heartbeat-exchange.js';
import type { Whereabouts } from './input.js';
import { type Leeway, leewayOf } from './leeway.js';
import {
  CONFIRM_MS,
  EXCESS_TOLD_EVERY_MS,
  GONE_RETRY_MAX_MS,
  GONE_RETRY_SHARE,
  LEFT_REST_MS,
  RECENTLY_LOST_MS,
  RETRY_MAX_MS,
  ROSTER_INTERVAL_MS,
  STRANGER_KEPT_MS,
  STRANGER_RETRY_MAX_MS,
  TWIN_ANSWER_PAUSE_MS,
  TWIN_HEARD_MS,
  TWIN_TOLD_EVERY_MS,
  VERSIONS_REST_MS,
} from './limits.js';
import { digestNumber, startDigest } from './member-digest.js';
import type { Hello } from './messages.js';
import { Offences } from './offences.js';
import { PeerAddresses } from './peer-addresses.js';
import { isSynced, nextState, type PeerEvent, type PeerState, STRANGER } from './peer-state.js';
import { Questions } from './questions.js';
import { Redial } from './redial.js';
import { ONLY_FIRST } from './versions.js';
import { Vouch } from './vouch.js';
import { WarningPace } from './warning-pace.js';

/** What a member said last of whom it hears. */
export interface Word {
  readonly hears: Uint8Array;
  /** The same, by `digestsIn`. */
  readonly starts: ReadonlySet<number>;
  /** When it came. */
  readonly at: number;
  /** It was said after a heartbeat from here arrived that was sent then. */
  readonly saidAfter: number;
}

/** What this member's own end adds to the way to any other. */
export interface OwnPath {
  /** How late this member is, ms. */
  readonly lateMs: number;
  /** Median of the round trips that are expected of those connected, ms: others may be as far; null: none was measured. */
  readonly usualMs: number | null;
  /** The same of what those ways take where nothing makes them longer. */
  readonly usualShortestMs: number | null;
  /** For how long what comes now may have waited in a socket, since this process stood still, ms. */
  waitedMs(now: number): number;
}

/** Of one start of a member: `startDigest`, as bytes and as a number. */
interface Digest {
  readonly bytes: Uint8Array;
  readonly number: number;
}

/** Starts of one member whose digest is kept at the same time. */
const DIGESTS_KEPT = 4;

/** What a leeway follows from, and that leeway. */
interface LeewayOf {
  readonly expectedMs: number | null;
  readonly shortestMs: number;
  readonly lateMs: number;
  readonly ownLateMs: number;
  readonly leeway: Leeway;
}

/** All that one member keeps of another besides its log, which is in the directory. */
export class Peer {
  readonly id: MemberId;
  readonly redial: Redial;
  readonly detector: FailureDetector;
  readonly follower: Follower;
  readonly offences = new Offences();
  readonly heartbeats = new HeartbeatExchange();
  readonly answering = new Answering();
  readonly questions = new Questions();
  /** Its last news as it signed them. */
  readonly envelopes = new Envelopes();
  readonly twinWarning = new WarningPace(TWIN_TOLD_EVERY_MS);
  readonly excessWarning = new WarningPace(EXCESS_TOLD_EVERY_MS);
  /** Once, or a member that changes its order could fill the log. */
  readonly orderWarning = new WarningPace(Number.POSITIVE_INFINITY);
  /** How often it is told of later starts than it tells of. */
  readonly newerPace = new WarningPace(ROSTER_INTERVAL_MS);
  /** How late it says that it is, ms. */
  lateMs = 0;
  /** What it was told last of whom this member hears; null where nothing was on this connection. */
  told: Uint8Array | null = null;
  /** Others that were asked whether they still hear it, when its connection closed. */
  asked: readonly Peer[] = [];
  /** How far it told to hold this member's log. */
  holds = 0;
  /** Newest generation that others named it with. */
  namedAs = 0;
  /** As which start it was told to those that do not hear it; 0: as none. */
  introducedAs = 0;
  /** When others were known last to hear it, while it is not heard here; null: not since. */
  witnessedAt: number | null = null;
  /** How much more time those may need to hear it again, ms. */
  hearAgainMs = 0;
  /** How often each of those that hold its identity is answered, while two do. */
  readonly answerPaces = {
    older: new WarningPace(TWIN_ANSWER_PAUSE_MS),
    newest: new WarningPace(TWIN_ANSWER_PAUSE_MS),
  };
  /** Who says to hear it, while it is not heard here. */
  readonly vouch = new Vouch();
  /** Since when there is anything to keep of it. */
  readonly knownSince: number;
  readonly #addresses = new PeerAddresses();
  readonly #path: OwnPath;
  #state: PeerState = STRANGER;
  #name: string;
  #namedAt = Number.NEGATIVE_INFINITY;
  #olderHeardAt = Number.NEGATIVE_INFINITY;
  #version: number | null = ONLY_FIRST.max;
  /** Its program and versions, where people were told that there is none in common. */
  #versionsTold: string | null = null;
  #incompatibleUntil = Number.NEGATIVE_INFINITY;
  /** Its generation when it greeted last. */
  #greetedAs = 0;
  #generationSince = 0;
  readonly #digests = new Map<number, Digest>();
  #leeway: LeewayOf | null = null;
  #word: Word | null = null;
  #heardDigest: Uint8Array | null = null;
  #newsAt = Number.NEGATIVE_INFINITY;
  #isLinkGivenUp = false;
  #openedAt = Number.NEGATIVE_INFINITY;

  constructor(
    id: MemberId,
    directory: Directory,
    patience: Patience,
    path: OwnPath,
    dialAt: number,
    now: number,
  ) {
    this.id = id;
    this.#path = path;
    this.knownSince = now;
    this.#name = id;
    this.redial = new Redial(dialAt);
    this.detector = new FailureDetector(patience, now);
    this.follower = new Follower(id, directory);
  }

  get state(): PeerState {
    return this.#state;
  }

  /** As it greeted; its id before that. */
  get name(): string {
    return this.#name;
  }

  /** Version of the protocol that is used with it; null: there is none that both speak. */
  get version(): number | null {
    return this.#version;
  }

  /** No version was common with it: it is not dialled before then, whoever names it. */
  get incompatibleUntil(): number {
    return this.#incompatibleUntil;
  }

  /** When its connection was made; later where this process stood still since. */
  get openedAt(): number {
    return this.#openedAt;
  }

  get isConnected(): boolean {
    return this.#state.link.kind !== 'none';
  }

  /** It said hello on a connection that still stands. */
  get isGreeted(): boolean {
    return this.#state.link.kind === 'greeted';
  }

  /** It said hello at least once, so it has a record in the directory. */
  get isMet(): boolean {
    return this.#state.life.kind !== 'stranger';
  }

  get hasLeft(): boolean {
    return this.#state.life.kind === 'left';
  }

  /** Since when it is dead or left; null while it is neither. */
  get goneSince(): number | null {
    const { life } = this.#state;
    return life.kind === 'dead' || life.kind === 'left' ? life.since : null;
  }

  /** The generation it left with; 0: it did not leave. */
  get leftGeneration(): number {
    const { life } = this.#state;
    return life.kind === 'left' ? life.generation : 0;
  }

  /** Its whole log was held at least once. */
  get wasSynced(): boolean {
    return isSynced(this.#state.life);
  }

  /** Since when its present generation is known. */
  get generationSince(): number {
    return this.#generationSince;
  }

  /** Where to dial it: its own word first. */
  get addresses(): readonly string[] {
    return this.#addresses.all;
  }

  /** Last round trip measured; null before the first one. */
  get rttMs(): number | null {
    return this.heartbeats.rttMs;
  }

  /** Addresses at which it certainly is. */
  get provedAddresses(): readonly string[] {
    return this.#addresses.proved;
  }

  /** Where it said itself that it is. */
  get announcedAddresses(): readonly string[] {
    return this.#addresses.announcedByItself;
  }

  /** What its present or last connection tells of where it is. */
  get whereabouts(): Whereabouts {
    return this.#addresses.whereabouts;
  }

  /** How much more time than a member on a fast path it is given. */
  get leeway(): Leeway {
    const expectedMs = this.#expectedMs;
    const shortestMs = this.#shortestMs;
    const { lateMs } = this;
    const ownLateMs = this.#path.lateMs;
    const known = this.#leeway;
    // Asked for several times with each message and each tick, and hardly ever another one.
    if (
      known !== null &&
      known.expectedMs === expectedMs &&
      known.shortestMs === shortestMs &&
      known.lateMs === lateMs &&
      known.ownLateMs === ownLateMs
    )
      return known.leeway;
    const path = expectedMs === null ? null : { shortestMs, expectedMs };
    const leeway = leewayOf(path, lateMs, ownLateMs);
    this.#leeway = { expectedMs, shortestMs, lateMs, ownLateMs, leeway };
    return leeway;
  }

  /**
   * How much more time it is given to hear another member again that it lost, ms. Nothing else bounds that, so it does not
   * outlast what disturbed the path.
   */
  get witnessLeewayMs(): number {
    const expectedMs = this.heartbeats.roundTrip.presentMs(this.#path.usualMs);
    const path = expectedMs === null ? null : { shortestMs: this.#shortestMs, expectedMs };
    return leewayOf(path, this.lateMs, this.#path.lateMs).confirmMs - CONFIRM_MS;
  }

  /** How soon it answers at best of late, ms; 0 where that was never measured. */
  get answerMs(): number {
    return this.heartbeats.roundTrip.shortestMs ?? 0;
  }

  /** The generation that it greeted with last; 0: it never did. */
  get greetedAs(): number {
    return this.#greetedAs;
  }

  /** The digest of the start that greeted last. */
  get digest(): Uint8Array {
    return this.digestOf(this.#greetedAs);
  }

  /** The same as a number: see `Word.starts`. */
  get digestNumber(): number {
    return this.digestNumberOf(this.#greetedAs);
  }

  /** What others are told of it: the start that is heard; null: none. */
  get heardDigest(): Uint8Array | null {
    return this.#heardDigest;
  }

  get isHeard(): boolean {
    return this.#heardDigest !== null;
  }

  /** When something came last that it alone can have said. */
  get ownWordAt(): number {
    return Math.max(this.detector.wordAt, this.#newsAt);
  }

  digestOf(generation: number): Uint8Array {
    return this.#digestOf(generation).bytes;
  }

  /** The same as a number: see `Word.starts`. */
  digestNumberOf(generation: number): number {
    return this.#digestOf(generation).number;
  }

  noteHeard(now: number): void {
    // Its words are as old as their way is long.
    const isHeard =
      this.isGreeted && !this.hasLeft && this.detector.isHeard(now - this.answerMs, this.leeway);
    this.#heardDigest = isHeard ? this.digest : null;
  }

  /** What it said last of whom it hears; null where nothing was said on this connection. */
  get word(): Word | null {
    return this.#word;
  }

  says(word: Word): void {
    this.#word = word;
  }

  /** The same as far as it counts: while it is heard itself, and not older than its silence may be. */
  wordAt(now: number): Word | null {
    const word = this.#word;
    if (word === null || !this.detector.isRecent(word.at, now, this.leeway)) return null;
    return this.evidence(now).kind === 'heard' ? word : null;
  }

  /** What it said stands a while longer where it can't say anything now. */
  isWordKept(now: number): boolean {
    const word = this.#word;
    return (
      word !== null && this.detector.isRecent(word.at, now - this.detector.patience.deadAfterMs, this.leeway)
    );
  }

  /** This process stood still for so long: what others did not do meanwhile is not their fault. */
  excuse(stalledMs: number, now: number): void {
    this.detector.excuse(stalledMs, now);
    this.#openedAt = Math.min(now, this.#openedAt + stalledMs);
    this.follower.excuse(stalledMs);
    this.redial.excuse(now);
    this.heartbeats.stalled(now);
    if (this.#word !== null) this.#word = { ...this.#word, at: Math.min(now, this.#word.at + stalledMs) };
    if (this.witnessedAt !== null) this.witnessedAt = Math.min(now, this.witnessedAt + stalledMs);
  }

  /** Its own signed news came that were not known yet. */
  hadNews(now: number): void {
    this.#newsAt = now;
  }

  evidence(now: number): Evidence {
    return this.detector.evidence(now, this.leeway);
  }

  /** The link with it is of no use any more, though it may stand. Returns whether that is new. */
  giveUpLink(): boolean {
    if (!this.isGreeted || this.#isLinkGivenUp) return false;
    this.#isLinkGivenUp = true;
    return true;
  }

  /** It was there just now, and is looked for before others. */
  isRecentlyLost(now: number): boolean {
    const { life } = this.#state;
    if (life.kind === 'dead') return now - life.since < RECENTLY_LOST_MS;
    return life.kind === 'alive' || life.kind === 'suspect';
  }

  /**
   * Longest wait between two dials, ms. A partition heals within that share of the time that it lasted, also without a
   * seed and without anybody who hears the other side.
   */
  retryMaxMs(now: number): number {
    const since = this.isMet ? this.goneSince : this.knownSince;
    if (since === null || this.vouch.stands(now)) return RETRY_MAX_MS;
    const leastMs = this.isMet && !this.hasLeft ? RETRY_MAX_MS : STRANGER_RETRY_MAX_MS;
    const goneMs = now - since;
    return Math.min(GONE_RETRY_MAX_MS, Math.max(leastMs, goneMs * GONE_RETRY_SHARE));
  }

  /** A stranger that somebody names, or that is remembered for what it did or spoke. */
  isWorthKeeping(now: number): boolean {
    const lastAt = Math.max(this.#namedAt, this.#incompatibleUntil);
    return this.isMet || now - lastAt < STRANGER_KEPT_MS || this.offences.isRemembered(now);
  }

  /** Somebody told of it. */
  named(now: number): void {
    this.#namedAt = now;
  }

  /** An earlier start of it speaks, long after the present one began: two hold its identity. */
  heardOlder(now: number): void {
    this.#olderHeardAt = now;
  }

  /** It can be asked what it knows of this member: it greeted, or is refused as an earlier start of itself. */
  isWitness(now: number): boolean {
    return this.isGreeted || (this.isConnected && this.isOlderAbout(now));
  }

  /** That is so at present: words that do not tell which start says them say nothing about the life of the present one. */
  isOlderAbout(now: number): boolean {
    return now - this.#olderHeardAt < TWIN_HEARD_MS;
  }

  connected(from: Whereabouts, now: number): void {
    // One connection replaces another without a word, and an answer on its way may be lost with the first.
    if (this.isConnected) this.follower.abandon();
    this.#openedAt = now;
    this.#on({ kind: 'connected' });
    this.redial.connected();
    this.#addresses.seen(from);
  }

  /** Its hello names versions of which this one is used. */
  agreedOn(version: number): void {
    this.#version = version;
    this.#incompatibleUntil = Number.NEGATIVE_INFINITY;
  }

  /** Its hello names no version that is spoken here. Returns whether people were not told of it yet. */
  incompatible(name: string, told: string, now: number): boolean {
    this.#version = null;
    this.#name = name;
    this.#word = null;
    this.#incompatibleUntil = now + VERSIONS_REST_MS;
    this.#on({ kind: 'incompatible', at: now });
    const isNews = this.#versionsTold !== told;
    this.#versionsTold = told;
    return isNews;
  }

  disconnected(now: number): void {
    // The end of a link that was given up before tells nothing of the member.
    const isNews = this.#state.life.kind !== 'unreachable' && this.evidence(now).kind !== 'gone';
    this.#on({ kind: 'disconnected' });
    this.#word = null;
    this.#addresses.disconnected();
    this.told = null;
    this.answering.disconnected();
    this.questions.disconnected();
    this.heartbeats.disconnected();
    this.follower.abandon();
    if (isNews) this.detector.lost(now);
    if (this.#version === null) this.#incompatibleUntil = now + VERSIONS_REST_MS;
  }

  /** `heldGeneration`: of what was held of it before this hello. */
  greeted({ name, addresses, position }: Hello, heldGeneration: number, now: number): void {
    if (!this.isMet || position.generation > heldGeneration) this.#generationSince = now;
    // What an earlier start was asked for, this one will not answer.
    if (position.generation !== this.#greetedAs) {
      this.follower.abandon();
      this.heartbeats.disconnected();
      this.holds = 0;
      this.#word = null;
      this.told = null;
    }
    this.#greetedAs = position.generation;
    this.#name = name;
    this.#on({ kind: 'greeted' });
    this.vouch.clear();
    this.redial.greeted(now);
    this.detector.greeted(now, this.#path.waitedMs(now));
    this.#isLinkGivenUp = false;
    this.#addresses.announced(addresses);
  }

  /** It was met by others' hands: they hear it, and handed on what it says. */
  witnessed(now: number): void {
    this.#on({ kind: 'witnessed' });
    this.detector.neverHeard();
    if (this.#version !== null) this.redial.hasten(now);
    this.witnessedAt = now;
  }

  judged(liveness: Exclude<Liveness, 'left'>, now: number): void {
    this.#on({ kind: 'judged', liveness, at: now });
  }

  /** Its whole log is held. */
  synced(): void {
    this.#on({ kind: 'synced' });
  }

  left(generation: number, now: number): void {
    this.#on({ kind: 'left', generation, at: now });
    this.follower.abandon();
    this.envelopes.clear();
    this.redial.rest(now + LEFT_REST_MS);
  }

  /** Nothing that was begun with it goes on. */
  forgotten(): void {
    this.follower.abandon();
    this.answering.disconnected();
  }

  /** Where others say that it is. Returns whether that is new. */
  heardOf(addresses: readonly string[]): boolean {
    return this.#addresses.heard(addresses);
  }

  #digestOf(generation: number): Digest {
    const known = this.#digests.get(generation);
    if (known !== undefined) return known;
    // It greeted as one start, its log is held as one, and others name one: mostly all the same.
    if (this.#digests.size >= DIGESTS_KEPT) this.#digests.clear();
    const bytes = startDigest(this.id, generation);
    const digest = { bytes, number: digestNumber(bytes) };
    this.#digests.set(generation, digest);
    return digest;
  }

  get #expectedMs(): number | null {
    return this.heartbeats.roundTrip.believedMs(this.#path.usualMs);
  }

  /** Who is lost before its own path is known is most likely as far as the others. */
  get #shortestMs(): number {
    return this.heartbeats.roundTrip.pathMs ?? this.#path.usualShortestMs ?? 0;
  }

  #on(event: PeerEvent): void {
    this.#state = nextState(this.#state, event);
  }
}
