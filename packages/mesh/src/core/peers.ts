import type { Directory, MemberId } from '@headwater/directory';
import type { Patience } from './failure-detector.js';
import type { Lateness } from './lateness.js';
import { BURIED_MS, GONE_TOLD_MS, PEERS_MAX, POLITE_DIAL_MS, VOUCHED_MAX } from './limits.js';
import type { Acquaintance } from './messages.js';
import { type OwnPath, Peer } from './peer.js';
import { roster } from './roster.js';

/** What waited in the sockets while this process stood still is read by then, ms. */
const WAITING_READ_MS = 100;

/** A start that was given up, and that is no peer any more. */
interface Buried {
  readonly generation: number;
  /** Since when it was given up. */
  readonly since: number;
}

/** Everybody but oneself: met, or only heard of. At most `PEERS_MAX`: who adds one makes room first. */
export class Peers implements OwnPath {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #patience: Patience;
  readonly #lateness: Pick<Lateness, 'ms'>;
  readonly #random: () => number;
  readonly #peers = new Map<MemberId, Peer>();
  /** Oldest first. */
  readonly #buried = new Map<MemberId, Buried>();
  #stood = { ms: 0, until: Number.NEGATIVE_INFINITY };
  #usualMs: number | null = null;
  #usualShortestMs: number | null = null;
  #sureShortestMs: number | null = null;

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

  /** The same. */
  get usualShortestMs(): number | null {
    return this.#usualShortestMs;
  }

  waitedMs(now: number): number {
    return now - this.#stood.until < WAITING_READ_MS ? this.#stood.ms : 0;
  }

  /** This process stood still for so long: what others did not do meanwhile is not their fault. */
  excuse(stalledMs: number, now: number): void {
    this.#stood = { ms: stalledMs, until: now };
    for (const peer of this) peer.excuse(stalledMs, now);
  }

  tick(now: number): void {
    this.#clearBuried(now, PEERS_MAX);
    const expected: (number | null)[] = [];
    const shortest: (number | null)[] = [];
    // Few measures may be those of a busy moment, but hardly with all.
    const soFar: (number | null)[] = [];
    for (const { isGreeted, heartbeats } of this) {
      if (!isGreeted) continue;
      const believedMs = heartbeats.roundTrip.believedMs(null);
      if (believedMs === null) continue;
      expected.push(believedMs);
      shortest.push(heartbeats.roundTrip.pathMs);
      soFar.push(heartbeats.roundTrip.pathSoFarMs);
    }
    // Where all are lost or new, what was usual before says more than nothing.
    this.#usualMs = medianOf(expected) ?? this.#usualMs;
    this.#sureShortestMs = medianOf(shortest) ?? this.#sureShortestMs;
    this.#usualShortestMs = this.#sureShortestMs ?? inOrder([...soFar, this.#usualShortestMs])[0] ?? null;
  }

  get(id: MemberId): Peer | undefined {
    return this.#peers.get(id);
  }

  delete(peer: Peer): void {
    this.#peers.delete(peer.id);
  }

  /** Forgets one that is gone; what others said of it before it went stays without meaning. */
  bury(peer: Peer, now: number): void {
    const { id, goneSince } = peer;
    this.delete(peer);
    if (goneSince === null) return;
    this.#buried.delete(id);
    this.#clearBuried(now, PEERS_MAX - 1);
    this.#buried.set(id, { generation: this.directory.position(id).generation, since: goneSince });
  }

  /** Since when this start of a member is given up, where it was forgotten not long ago; `-Infinity`: it was not. */
  buriedSince(id: MemberId, generation: number): number {
    const buried = this.#buried.get(id);
    return buried !== undefined && generation <= buried.generation ? buried.since : Number.NEGATIVE_INFINITY;
  }

  greeted(): readonly Peer[] {
    return [...this].filter((peer) => peer.isGreeted);
  }

  /** One that connected. */
  connected(id: MemberId, now: number): Peer {
    return this.#peers.get(id) ?? this.#add(id, now, now);
  }

  /** One that was only heard of. Both learn of each other at about the same time; one connection is enough. */
  addNamed({ id, addresses }: Acquaintance, now: number): Peer {
    const patienceMs = this.self < id ? 0 : POLITE_DIAL_MS * (1 + this.#random());
    const stranger = this.#add(id, now + patienceMs, now);
    stranger.heardOf(addresses);
    return stranger;
  }

  /** Whether one more word of this member that it hears another one counts: of whoever makes names up, few do. */
  mayVouch(from: Peer, now: number): boolean {
    let vouched = 0;
    for (const peer of this) if (peer.vouch.by(now) === from.id) vouched += 1;
    return vouched < VOUCHED_MAX;
  }

  /** A live member that is certainly at one of these addresses. */
  whoIsAt(addresses: readonly string[]): Peer | undefined {
    if (addresses.length === 0) return undefined;
    for (const peer of this)
      if (peer.isHeard && peer.provedAddresses.some((address) => addresses.includes(address))) return peer;
    return undefined;
  }

  /** Those that were met, and are not gone for long, as others may learn of them. */
  roster(now: number): readonly Acquaintance[] {
    const known = [...this].filter(
      (peer) => peer.isMet && !peer.hasLeft && now - (peer.goneSince ?? now) < GONE_TOLD_MS,
    );
    return roster(
      known.map((peer) => this.acquaintance(peer, peer.isHeard)),
      this.#random(),
    );
  }

  /** Of those that a member tells of, the ones that are heard here in a later start than it knows. */
  newerThan(members: readonly Acquaintance[]): readonly Acquaintance[] {
    const newer = members.flatMap(({ id, position }) => {
      const peer = this.#peers.get(id);
      const isNewer = peer?.isHeard && this.directory.position(id).generation > position.generation;
      return isNewer ? [peer] : [];
    });
    return this.rosterOf(newer);
  }

  /** Some that are heard here, as others may learn of them. */
  rosterOf(heard: readonly Peer[]): readonly Acquaintance[] {
    return roster(
      heard.map((peer) => this.acquaintance(peer, true)),
      this.#random(),
    );
  }

  acquaintance({ id, addresses }: Peer, heard: boolean): Acquaintance {
    return { id, position: this.directory.position(id), addresses, heard };
  }

  nameOf(id: MemberId): string {
    return this.directory.member(id)?.profile?.name ?? this.#peers.get(id)?.name ?? id;
  }

  /** Whom a line in the log is about. */
  naming(peer: Peer): { readonly member: MemberId; readonly memberName: string } {
    return { member: peer.id, memberName: this.nameOf(peer.id) };
  }

  #clearBuried(now: number, most: number): void {
    for (const [id, { since }] of this.#buried) {
      if (this.#buried.size <= most && now - since < BURIED_MS) return;
      this.#buried.delete(id);
    }
  }

  #add(id: MemberId, dialAt: number, now: number): Peer {
    const peer = new Peer(id, this.directory, this.#patience, this, dialAt, now);
    this.#peers.set(id, peer);
    return peer;
  }
}

const inOrder = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null).sort((a, b) => a - b);

/** Of those that are known; null: none is. */
function medianOf(values: readonly (number | null)[]): number | null {
  const known = inOrder(values);
  return known[Math.floor(known.length / 2)] ?? null;
}
