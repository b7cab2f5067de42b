import type { Directory, MemberId } from '@headwater/directory';
import type { Patience } from './failure-detector.js';
import type { Lateness } from './lateness.js';
import { MEMBERS_MAX, POLITE_DIAL_MS, RETRY_MAX_MS, STRANGERS_VOUCHED_MAX } from './limits.js';
import type { Acquaintance } from './messages.js';
import { type OwnPath, Peer } from './peer.js';
import { roster } from './roster.js';

/** Everybody but oneself: met, or only heard of. Members learn of each other from anyone. */
export class Peers implements OwnPath {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #patience: Patience;
  readonly #lateness: Pick<Lateness, 'ms'>;
  readonly #random: () => number;
  readonly #peers = new Map<MemberId, Peer>();
  #usualMs: number | null = null;

  constructor(
    directory: Directory,
    patience: Patience,
    lateness: Pick<Lateness, 'ms'>,
    random: () => number,
  ) {
    this.self = directory.self;
    this.directory = directory;
    this.#patience = patience;
    this.#lateness = lateness;
    this.#random = random;
  }

  [Symbol.iterator](): Iterator<Peer> {
    return this.#peers.values();
  }

  get size(): number {
    return this.#peers.size;
  }

  get lateMs(): number {
    return this.#lateness.ms;
  }

  /** As it was with the last tick. */
  get usualMs(): number | null {
    return this.#usualMs;
  }

  tick(): void {
    const measured: number[] = [];
    for (const { isGreeted, heartbeats } of this) {
      const { expectedMs } = heartbeats.roundTrip;
      if (isGreeted && expectedMs !== null) measured.push(expectedMs);
    }
    this.#usualMs = measured.sort((a, b) => a - b)[Math.floor(measured.length / 2)] ?? null;
  }

  get(id: MemberId): Peer | undefined {
    return this.#peers.get(id);
  }

  delete(peer: Peer): void {
    this.#peers.delete(peer.id);
  }

  greeted(): readonly Peer[] {
    return [...this].filter((peer) => peer.isGreeted);
  }

  /** Who connected is known from then on: connections are counted by the transport. */
  connected(id: MemberId, now: number): Peer {
    return this.#peers.get(id) ?? this.#add(id, now, now);
  }

  /** Others hear it, and handed on what it says. Null where there is no room. */
  heardOf(id: MemberId, now: number): Peer | null {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    return this.#makeRoom() ? this.#add(id, now, now) : null;
  }

  /** Others' word about who is there: a reason to dial, and no more than that. */
  learn(one: Acquaintance, from: Peer, now: number): void {
    const known = this.#peers.get(one.id);
    if (known) {
      known.namedAs = Math.max(known.namedAs, one.position.generation);
      this.#vouch(known, from, now);
      const isElsewhere = known.heardOf(one.addresses);
      const isBack = known.hasLeft && one.position.generation > known.leftGeneration;
      if ((isElsewhere || isBack) && !known.isConnected) known.redial.hasten(now);
      return;
    }
    if (!this.#makeRoom()) return;
    // Both learn of each other at about the same time; one connection is enough.
    const patienceMs = this.self < one.id ? 0 : POLITE_DIAL_MS * (1 + this.#random());
    const stranger = this.#add(one.id, now + patienceMs, now);
    stranger.heardOf(one.addresses);
    stranger.namedAs = one.position.generation;
    this.#vouch(stranger, from, now);
  }

  /** Those that were met, and are not known to be gone for long, as others may learn of them. */
  roster(): readonly Acquaintance[] {
    const known = [...this].filter((peer) => peer.isMet && !peer.hasLeft);
    return roster(
      known.map(({ id, addresses }) => ({ id, position: this.directory.position(id), addresses })),
      this.#random(),
    );
  }

  nameOf(id: MemberId): string {
    return this.directory.member(id)?.profile?.name ?? this.#peers.get(id)?.name ?? id;
  }

  /** Whom a line in the log is about. */
  naming(peer: Peer): { readonly member: MemberId; readonly memberName: string } {
    return { member: peer.id, memberName: this.nameOf(peer.id) };
  }

  #add(id: MemberId, dialAt: number, now: number): Peer {
    const peer = new Peer(id, this.directory, this.#patience, this, dialAt, now);
    this.#peers.set(id, peer);
    return peer;
  }

  /**
   * Whom a member has met, it names again and again: that stranger lives, or died not long ago, and is found as soon as
   * it can be reached. Whoever makes names up gets no more than some of them dialled often.
   */
  #vouch(stranger: Peer, from: Peer, now: number): void {
    if (stranger.isMet) return;
    let vouched = 0;
    for (const peer of this) if (!peer.isMet && peer !== stranger && peer.voucher === from.id) vouched += 1;
    if (vouched >= STRANGERS_VOUCHED_MAX) return;
    stranger.vouchedBy(from.id, now);
    if (stranger.redial.isTried) stranger.redial.hasten(now + RETRY_MAX_MS);
  }

  /** Hearsay never pushes out a member that was met. */
  #makeRoom(): boolean {
    if (this.#peers.size < MEMBERS_MAX) return true;
    for (const peer of this) {
      if (peer.isMet || peer.isConnected || !peer.redial.isTried) continue;
      this.delete(peer);
      return true;
    }
    return false;
  }
}
