import type { Directory, MemberId } from '@headwater/directory';
import { Answering } from './answering.js';
import { Envelopes } from './envelopes.js';
import { FailureDetector, type Patience } from './failure-detector.js';
import { Follower } from './follower.js';
import { HeartbeatExchange } from './heartbeat-exchange.js';
import type { Whereabouts } from './input.js';
import {
  EXCESS_TOLD_EVERY_MS,
  LEFT_REST_MS,
  RETRY_MAX_MS,
  STRANGER_RETRY_MAX_MS,
  TWIN_TOLD_EVERY_MS,
  VERSIONS_REST_MS,
  VOUCHED_MS,
} from './limits.js';
import type { Hello } from './messages.js';
import { Offences } from './offences.js';
import { PeerAddresses } from './peer-addresses.js';
import { isSynced, nextState, type PeerEvent, type PeerState, STRANGER } from './peer-state.js';
import { Questions } from './questions.js';
import { Redial } from './redial.js';
import { ONLY_FIRST } from './versions.js';
import { WarningPace } from './warning-pace.js';

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
  readonly #addresses = new PeerAddresses();
  #state: PeerState = STRANGER;
  #name: string;
  #version: number | null = ONLY_FIRST.max;
  /** Its program and versions, where people were told that there is none in common. */
  #versionsTold: string | null = null;
  /** Its generation when it greeted last. */
  #greetedAs = 0;
  #generationSince = 0;
  #vouch: { readonly by: MemberId; readonly until: number } | null = null;

  constructor(id: MemberId, directory: Directory, patience: Patience, dialAt: number, now: number) {
    this.id = id;
    this.#name = id;
    this.redial = new Redial(dialAt, STRANGER_RETRY_MAX_MS);
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

  /** A stranger: who named it last, whether or not that still counts. */
  get voucher(): MemberId | null {
    return this.#vouch?.by ?? null;
  }

  /** What its present or last connection tells of where it is. */
  get whereabouts(): Whereabouts {
    return this.#addresses.whereabouts;
  }

  isVouched(now: number): boolean {
    return this.#vouch !== null && now < this.#vouch.until;
  }

  vouchedBy(member: MemberId, now: number): void {
    this.#vouch = { by: member, until: now + VOUCHED_MS };
  }

  connected(from: Whereabouts, now: number): void {
    // One connection replaces another without a word, and an answer on its way may be lost with the first.
    if (this.isConnected) this.follower.abandon();
    this.#on({ kind: 'connected', at: now });
    this.redial.succeeded(now);
    this.#addresses.seen(from);
  }

  /** Its hello names versions of which this one is used. */
  agreedOn(version: number): void {
    this.#version = version;
  }

  /** Its hello names no version that is spoken here. Returns whether people were not told of it yet. */
  incompatible(name: string, told: string, now: number): boolean {
    this.#version = null;
    this.#name = name;
    this.#on({ kind: 'incompatible', at: now });
    const isNews = this.#versionsTold !== told;
    this.#versionsTold = told;
    return isNews;
  }

  disconnected(now: number): void {
    this.#on({ kind: 'disconnected' });
    this.answering.disconnected();
    this.questions.disconnected();
    this.heartbeats.disconnected();
    this.follower.abandon();
    this.detector.lost(now);
    if (this.#version === null) this.redial.rest(now + VERSIONS_REST_MS);
    else if (this.isMet && !this.hasLeft) this.redial.hasten(now);
  }

  /** `heldGeneration`: of what was held of it before this hello. */
  greeted({ name, addresses, position }: Hello, heldGeneration: number, now: number): void {
    if (!this.isMet || position.generation > heldGeneration) this.#generationSince = now;
    // What an earlier start was asked for, this one will not answer.
    if (position.generation !== this.#greetedAs) this.follower.abandon();
    this.#greetedAs = position.generation;
    this.#name = name;
    this.#on({ kind: 'greeted' });
    this.redial.waitAtMost(RETRY_MAX_MS);
    this.detector.heard(now);
    this.#addresses.announced(addresses);
  }

  /** Draws the conclusion from what the detector says. */
  judge(now: number): void {
    this.#on({ kind: 'judged', liveness: this.detector.signal(now), at: now });
  }

  /** Its whole log is held. */
  synced(): void {
    this.#on({ kind: 'synced' });
  }

  left(generation: number, now: number): void {
    this.#on({ kind: 'left', generation, at: now });
    this.follower.abandon();
    this.envelopes.clear();
    this.redial.waitAtMost(STRANGER_RETRY_MAX_MS);
    this.redial.rest(now + LEFT_REST_MS);
  }

  /** Its record is gone from the directory. */
  forgotten(): void {
    this.#on({ kind: 'forgotten' });
    this.envelopes.clear();
    this.redial.waitAtMost(STRANGER_RETRY_MAX_MS);
  }

  /** Where others say that it is. Returns whether that is new. */
  heardOf(addresses: readonly string[]): boolean {
    return this.#addresses.heard(addresses);
  }

  #on(event: PeerEvent): void {
    this.#state = nextState(this.#state, event);
  }
}
