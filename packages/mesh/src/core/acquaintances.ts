import { FORGET_AFTER_MS, GONE_KEPT_MS, PEERS_MAX, RETRY_MAX_MS } from './limits.js';
import type { Acquaintance } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import { type Newcomer, whoGoes } from './room.js';
import type { Step } from './step.js';

/**
 * Who is kept, and for how long. Whoever connects, and whoever is named, is a stranger first; a record in the directory
 * comes with the hello.
 *
 * | who                                        | is kept                                                            |
 * | ------------------------------------------ | ------------------------------------------------------------------ |
 * | alive, unreachable, suspect                | always                                                             |
 * | dead, left                                 | for `FORGET_AFTER_MS` after it went and after it was vouched for   |
 * |                                            | last; its claims for `GONE_KEPT_MS`                                |
 * | dead, left, and another one is where it was| no longer                                                          |
 * | stranger, named                            | for `STRANGER_KEPT_MS` after that, unless another one is there     |
 * | stranger, not named                        | while it is connected, and until its offences have faded           |
 *
 * A member is vouched for by one that hears it itself, at that moment: by the roster's `heard`, or the heartbeat's `hears`.
 * So two members that both lost a third one do not keep it for each other's sake, and of one that makes names up no more
 * than `VOUCHED_MAX` count. Another one is where a member was, where it announces the same address and was reached there,
 * or comes from there.
 */
export class Acquaintances {
  readonly #peers: Peers;
  readonly #ownAddresses: readonly string[];

  /** `ownAddresses`: where this member itself can be dialled. */
  constructor(peers: Peers, ownAddresses: readonly string[]) {
    this.#peers = peers;
    this.#ownAddresses = ownAddresses;
  }

  /** Somebody connected; null where there is no room, since all others live. */
  connected(id: Peer['id'], step: Step): Peer | null {
    const hasPlace = this.#peers.get(id) !== undefined || this.#makeRoom('connected', step);
    return hasPlace ? this.#peers.connected(id, step.now) : null;
  }

  /** Others' word about who is there: a reason to dial, and no more than that. */
  learn(one: Acquaintance, from: Peer, step: Step): void {
    const known = this.#peers.get(one.id);
    if (known) this.#learnOf(known, one, from, step);
    else this.#introduce(one, from, step);
  }

  /** Others hear it, and handed on what it says; null where there is no room. */
  heardOf(id: Peer['id'], step: Step): Peer | null {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    if (!this.#makeRoom('vouched', step)) return null;
    const stranger = this.#peers.connected(id, step.now);
    stranger.named(step.now);
    return stranger;
  }

  /** A member tells whom it hears, by the numbers of their digests. */
  heardBy(starts: ReadonlySet<number>, from: Peer, step: Step): void {
    for (const peer of this.#peers)
      if (peer.goneSince !== null && !peer.hasLeft && starts.has(peer.digestNumber))
        this.#vouch(peer, from, step);
  }

  /** Once each tick for each member. */
  tick(peer: Peer, step: Step): void {
    if (!peer.isConnected && !peer.isWorthKeeping(step.now)) this.#peers.delete(peer);
    const since = peer.goneSince;
    if (since === null) return;
    if (step.now - since >= GONE_KEPT_MS) this.#void(peer);
    if (!peer.isConnected && step.now - Math.max(since, peer.vouch.at) >= FORGET_AFTER_MS)
      this.forget(peer, step);
  }

  /** A member greeted, or led to this address: whoever was there before it and is gone, is gone for good. */
  arrived(peer: Peer, step: Step): void {
    const addresses = peer.isHeard ? peer.provedAddresses : [];
    if (addresses.length === 0) return;
    for (const other of this.#peers) {
      if (other === peer || other.isConnected) continue;
      if (
        !other.isMet &&
        isTaken(other.addresses, other.vouch.stands(step.now), (one) => addresses.includes(one))
      )
        this.#peers.delete(other);
      if (other.goneSince !== null) this.#replaceIfAt(other, peer, step);
    }
  }

  /** A member went: another one may be in its place already. */
  went(peer: Peer, step: Step): void {
    if (peer.isConnected || peer.goneSince === null) return;
    const successor = this.#peers.whoIsAt(peer.announcedAddresses);
    if (successor) this.#replaceIfAt(peer, successor, step);
  }

  forget(peer: Peer, step: Step): void {
    this.#peers.bury(peer, step.now);
    step.effects.changed(this.#peers.directory.forget(peer.id));
    step.effects.changedMembers.add(peer.id);
    if (peer.isMet) step.effects.forgotten.push({ member: peer.id, addresses: peer.addresses });
    if (peer.isConnected)
      step.effects.disconnects.push({
        peer: peer.id,
        reason: 'no room for one that says no hello',
        refuseMs: 0,
      });
    peer.forgotten();
  }

  #learnOf(known: Peer, one: Acquaintance, from: Peer, step: Step): void {
    known.named(step.now);
    known.namedAs = Math.max(known.namedAs, one.position.generation);
    const isElsewhere = known.heardOf(one.addresses);
    if (one.heard === false) {
      known.vouch.withdraw(from.id);
      return;
    }
    const isBack = known.hasLeft && one.position.generation > known.leftGeneration;
    if ((isElsewhere || isBack) && !known.isConnected) known.redial.hasten(step.now);
    if (one.heard === true && (isBack || !known.hasLeft)) this.#vouch(known, from, step);
  }

  #introduce(one: Acquaintance, from: Peer, step: Step): void {
    const isOurs = (address: string): boolean => this.#ownAddresses.includes(address);
    if (
      isTaken(
        one.addresses,
        one.heard !== false,
        (address) => isOurs(address) || this.#peers.whoIsAt([address]) !== undefined,
      )
    )
      return;
    const isVouched = one.heard === true && this.#peers.mayVouch(from, step.now);
    if (!this.#makeRoom(isVouched ? 'vouched' : 'hearsay', step)) return;
    const stranger = this.#peers.addNamed(one, step.now);
    stranger.named(step.now);
    stranger.namedAs = one.position.generation;
    if (isVouched) stranger.vouch.give(from.id, step.now);
  }

  /** Whom a member hears lives, or went not long ago, and is found as soon as it can be reached. */
  #vouch(peer: Peer, from: Peer, step: Step): void {
    if (peer.isMet && peer.goneSince === null) return;
    if (peer.vouch.by(step.now) !== from.id && !this.#peers.mayVouch(from, step.now)) return;
    peer.vouch.give(from.id, step.now);
    if (peer.redial.isTried) peer.redial.hasten(step.now + RETRY_MAX_MS);
  }

  #replaceIfAt(gone: Peer, peer: Peer, step: Step): void {
    const address = peer.provedAddresses.find((one) => gone.announcedAddresses.includes(one));
    if (address === undefined) return;
    step.effects.log('info', 'member replaced', {
      ...this.#peers.naming(gone),
      by: peer.id,
      byName: this.#peers.nameOf(peer.id),
      address,
    });
    this.forget(gone, step);
  }

  /** Its claims do not stand, and take room. Its generation stays, so that older words are still refused. */
  #void(peer: Peer): void {
    if (this.#peers.directory.position(peer.id).version === 0) return;
    this.#peers.directory.voidClaims(peer.id);
    peer.envelopes.clear();
  }

  #makeRoom(newcomer: Newcomer, step: Step): boolean {
    if (this.#peers.size < PEERS_MAX) return true;
    const goes = whoGoes(this.#peers, newcomer);
    if (goes !== null) this.forget(goes, step);
    return goes !== null;
  }
}

/** Whether another one is where a stranger is said to be: at all of its places; at one of them, where nobody hears it. */
const isTaken = (
  addresses: readonly string[],
  isHeard: boolean,
  isOthers: (address: string) => boolean,
): boolean => addresses.length > 0 && (isHeard ? addresses.every(isOthers) : addresses.some(isOthers));
