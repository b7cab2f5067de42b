import type { Directory, MemberId } from '@headwater/directory';
import type { Answer } from './answer.js';
import { FailureDetector, type Patience } from './failure-detector.js';
import { Follower } from './follower.js';
import { ADDRESSES_PER_MEMBER_MAX, PULLS_PER_SECOND_MAX, RETRY_MAX_MS } from './limits.js';
import type { Whereabouts } from './input.js';
import { Offences } from './offences.js';
import { Redial } from './redial.js';

/** All that one member keeps of another besides its log, which is in the directory. */
export class Peer {
  readonly id: MemberId;
  readonly redial: Redial;
  readonly detector: FailureDetector;
  readonly follower: Follower;
  readonly offences = new Offences();
  /** Since when it is connected; null while it is not. */
  connectedAt: number | null = null;
  /** It said hello on a connection that still stands. */
  isGreeted = false;
  /** It was connected and said hello at least once, so it has a record in the directory. */
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
  rttMs: number | null = null;
  /** Its last heartbeat's clock, and when that came. */
  lastSentAt: number | null = null;
  lastSentReceivedAt = 0;
  /** Our answer to its pull, while it is under way. */
  answer: Answer | null = null;
  #whereabouts: Whereabouts = {};
  #told: readonly string[] = [];
  #hearsay: readonly string[] = [];
  #pullBudget = PULLS_PER_SECOND_MAX;
  #pullBudgetAt = 0;

  constructor(id: MemberId, directory: Directory, patience: Patience, dialAt: number, now: number) {
    this.id = id;
    this.redial = new Redial(dialAt, RETRY_MAX_MS);
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

  connected(from: Whereabouts, now: number): void {
    this.connectedAt ??= now;
    this.redial.succeeded(now);
    this.#whereabouts = from;
    if (this.#told.length === 0 && from.dialled !== undefined) this.#told = [from.dialled];
  }

  /** It announces these addresses itself. Where it was seen is tried last: it may stand behind another address. */
  announced(addresses: readonly string[]): void {
    const { dialled, seenAs } = this.#whereabouts;
    const port = /:(\d+)$/.exec(addresses[0] ?? '')?.[1];
    const host = seenAs?.includes(':') ? `[${seenAs}]` : seenAs;
    const seen = dialled ?? (host && port ? `${host}:${port}` : undefined);
    const announced = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX - 1);
    this.#told = [...new Set(seen === undefined ? announced : [...announced, seen])];
  }

  /** Where others say that it is. */
  heardOf(addresses: readonly string[]): void {
    if (addresses.length > 0) this.#hearsay = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX);
  }

  /** Whether one more pull is within its allowance. */
  mayPull(now: number): boolean {
    const refilled = this.#pullBudget + ((now - this.#pullBudgetAt) / 1000) * PULLS_PER_SECOND_MAX;
    this.#pullBudget = Math.min(PULLS_PER_SECOND_MAX, refilled);
    this.#pullBudgetAt = now;
    if (this.#pullBudget < 1) return false;
    this.#pullBudget -= 1;
    return true;
  }
}
