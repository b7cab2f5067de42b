import type { Directory, LogPosition, MemberId } from '@headwater/directory';
import { Allowance } from './allowance.js';
import type { Answer } from './answer.js';
import { Envelopes } from './envelopes.js';
import { FailureDetector, type Patience } from './failure-detector.js';
import { Follower } from './follower.js';
import type { Whereabouts } from './input.js';
import {
  ADDRESSES_PER_MEMBER_MAX,
  ASKS_PER_SECOND_MAX,
  LEFT_REST_MS,
  PULLS_PER_SECOND_MAX,
  RETRY_MAX_MS,
  STRANGER_RETRY_MAX_MS,
} from './limits.js';
import type { Hello } from './messages.js';
import { Offences } from './offences.js';
import { Redial } from './redial.js';

/** What another member was asked for last. */
interface Asked {
  readonly ask: number;
  readonly owner: MemberId;
  readonly held: LogPosition;
  readonly at: number;
  /** Envelopes that it may still hand on. */
  left: number;
  /** It gave the last of its answer. */
  isOver: boolean;
}

/** All that one member keeps of another besides its log, which is in the directory. */
export class Peer {
  readonly id: MemberId;
  readonly redial: Redial;
  readonly detector: FailureDetector;
  readonly follower: Follower;
  readonly offences = new Offences();
  /** As it greeted. */
  name: string;
  /** Since when it is connected; null while it is not. */
  connectedAt: number | null = null;
  /** It said hello on a connection that still stands. */
  isGreeted = false;
  /** It said hello at least once, so it has a record in the directory. */
  isMet = false;
  /** Its whole log was held at least once. */
  wasSynced = false;
  /** The generation it left with; 0: it did not leave. */
  leftGeneration = 0;
  /** Since when it is dead or left; null while it is neither. */
  goneAt: number | null = null;
  /** Since when its present generation is known. */
  generationSince = 0;
  refusedUntil = 0;
  /** A stranger: who named it, and until when that counts. */
  voucher: MemberId | null = null;
  vouchedUntil = 0;
  twinToldAt = Number.NEGATIVE_INFINITY;
  rttMs: number | null = null;
  /** When it was sent a heartbeat last. */
  spokenToAt = Number.NEGATIVE_INFINITY;
  /** Its last heartbeat's clock, and when that came. */
  echo: { readonly sentAt: number; readonly receivedAt: number } | null = null;
  /** Our answer to its pull, while it is under way. */
  answer: Answer | null = null;
  /** Its last news as it sealed them. */
  readonly envelopes = new Envelopes();
  /** Its allowance of pulls, and of questions for others' words. */
  readonly pulls = new Allowance(PULLS_PER_SECOND_MAX);
  readonly asks = new Allowance(ASKS_PER_SECOND_MAX);
  /** People were told that it orders owners by another policy: once, or it could fill the log. */
  isOrderTold = false;
  /** What it was asked for of another member's words. */
  asked: Asked | null = null;
  /** Its own words are asked of others no sooner. */
  askNextAt = Number.NEGATIVE_INFINITY;
  /** Its generation when it greeted last. */
  #greetedAs = 0;
  #whereabouts: Whereabouts = {};
  #told: readonly string[] = [];
  #hearsay: readonly string[] = [];

  constructor(id: MemberId, directory: Directory, patience: Patience, dialAt: number, now: number) {
    this.id = id;
    this.name = id;
    this.redial = new Redial(dialAt, STRANGER_RETRY_MAX_MS);
    this.detector = new FailureDetector(patience, now);
    this.follower = new Follower(id, directory);
  }

  get isConnected(): boolean {
    return this.connectedAt !== null;
  }

  /** Where to dial it: its own word first. */
  get addresses(): readonly string[] {
    return [...new Set([...this.#told, ...this.#hearsay])];
  }

  /** What its present or last connection tells of where it is. */
  get whereabouts(): Whereabouts {
    return this.#whereabouts;
  }

  isVouched(now: number): boolean {
    return now < this.vouchedUntil;
  }

  connected(from: Whereabouts, now: number): void {
    this.connectedAt ??= now;
    this.redial.succeeded(now);
    this.#whereabouts = from;
    if (this.#told.length === 0 && from.dialled !== undefined) this.#told = [from.dialled];
  }

  disconnected(now: number): void {
    this.connectedAt = null;
    this.isGreeted = false;
    this.answer = null;
    this.asked = null;
    this.echo = null;
    this.follower.abandon();
    this.detector.lost(now);
    if (this.isMet && this.leftGeneration === 0) this.redial.hasten(now);
  }

  greeted({ name, addresses, position }: Hello, now: number): void {
    // What an earlier start was asked for, this one will not answer.
    if (position.generation !== this.#greetedAs) this.follower.abandon();
    this.#greetedAs = position.generation;
    this.name = name;
    this.leftGeneration = 0;
    this.isMet = true;
    this.isGreeted = true;
    this.redial.retryMaxMs = RETRY_MAX_MS;
    this.detector.heard(now);
    this.#announced(addresses);
  }

  left(generation: number, now: number): void {
    this.leftGeneration = generation;
    this.goneAt = now;
    this.follower.abandon();
    this.envelopes.clear();
    this.redial.retryMaxMs = STRANGER_RETRY_MAX_MS;
    this.redial.rest(now + LEFT_REST_MS);
  }

  /** Its record is gone from the directory. */
  forgotten(): void {
    this.goneAt = null;
    this.isMet = false;
    this.wasSynced = false;
    this.envelopes.clear();
    this.redial.retryMaxMs = STRANGER_RETRY_MAX_MS;
  }

  /** Where others say that it is. Returns whether that is new. */
  heardOf(addresses: readonly string[]): boolean {
    const known = this.addresses;
    if (addresses.every((address) => known.includes(address))) return false;
    this.#hearsay = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX);
    return true;
  }

  /** Its own word about where it is. Where it was seen is tried last: it may stand behind another address. */
  #announced(addresses: readonly string[]): void {
    const { dialled, seenAs } = this.#whereabouts;
    const port = /:(\d+)$/.exec(addresses[0] ?? '')?.[1];
    const host = seenAs?.includes(':') ? `[${seenAs}]` : seenAs;
    const seen = dialled ?? (host && port ? `${host}:${port}` : undefined);
    const announced = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX - 1);
    this.#told = [...new Set(seen === undefined ? announced : [...announced, seen])];
    this.#hearsay = [];
  }
}
