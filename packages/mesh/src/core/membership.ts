import type { Liveness, MemberId } from '@headwater/directory';
import type { Conduct } from './conduct.js';
import type { Effects, Fact } from './effects.js';
import type { Whereabouts } from './input.js';
import {
  CUT_OFF_MS,
  GONE_KEPT_MS,
  HELLO_DEADLINE_MS,
  MEMBERS_MAX,
  RETRY_MAX_MS,
  STRANGER_RETRY_MAX_MS,
  TWIN_GRACE_MS,
} from './limits.js';
import type { Acquaintance, Hello } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Repair } from './repair.js';
import type { Seeds } from './seeds.js';

/** Who is there: connections, greetings, and what is believed of each member's life. */
export class Membership {
  readonly #peers: Peers;
  readonly #seeds: Seeds;
  readonly #repair: Repair;
  readonly #conduct: Conduct;
  readonly #ownGeneration: number;
  readonly #random: () => number;
  #hasMet = false;

  constructor(
    peers: Peers,
    seeds: Seeds,
    repair: Repair,
    conduct: Conduct,
    ownGeneration: number,
    random: () => number,
  ) {
    this.#peers = peers;
    this.#seeds = seeds;
    this.#repair = repair;
    this.#conduct = conduct;
    this.#ownGeneration = ownGeneration;
    this.#random = random;
  }

  /** Met another member since the start. */
  get hasMet(): boolean {
    return this.#hasMet;
  }

  /** Once each tick for each member. */
  tick(peer: Peer, now: number, effects: Effects): void {
    this.judge(peer, now, effects);
    this.#dialIfDue(peer, now, effects);
    if (peer.connectedAt !== null && !peer.isGreeted && now - peer.connectedAt >= HELLO_DEADLINE_MS)
      effects.disconnects.push({ peer: peer.id, reason: 'no hello', refuseMs: 0 });
    if (peer.goneAt !== null && now - peer.goneAt >= GONE_KEPT_MS) this.#forget(peer, effects);
  }

  connected(id: MemberId, from: Whereabouts, hello: Hello, now: number, effects: Effects): void {
    const peer = this.#peers.connected(id, now);
    peer.connected(from, now);
    effects.send(id, hello);
  }

  disconnected(peer: Peer, reason: string, now: number, effects: Effects): void {
    if (peer.isGreeted && peer.goneAt === null)
      effects.log('info', 'connection with member lost', { ...this.#peers.naming(peer), reason });
    peer.disconnected(now);
    this.#seeds.lost(peer.id, now);
    this.judge(peer, now, effects);
    this.#dialIfDue(peer, now, effects);
  }

  dialFailed(peer: Peer, reason: string, now: number, effects: Effects): void {
    if (peer.isConnected) return;
    if (!peer.isMet) peer.redial.retryMaxMs = peer.isVouched(now) ? RETRY_MAX_MS : STRANGER_RETRY_MAX_MS;
    peer.redial.failed(now, this.#random());
    if (!peer.redial.isExcused(now)) peer.detector.unreachable();
    const { addresses } = peer;
    effects.log('debug', 'member not reached', { ...this.#peers.naming(peer), addresses, reason });
    this.judge(peer, now, effects);
  }

  learn(members: readonly Acquaintance[], from: Peer, now: number, effects: Effects): void {
    for (const one of members) {
      if (one.id !== this.#peers.self) this.#peers.learn(one, from, now);
      else if (one.position.generation > this.#ownGeneration)
        this.#conduct.twinOfSelf(one.position.generation, this.#peers.nameOf(from.id), now, effects);
    }
    for (const peer of this.#peers) this.#dialIfDue(peer, now, effects);
  }

  heardHello(peer: Peer, hello: Hello, now: number, effects: Effects): void {
    const { generation } = hello.position;
    const held = this.#peers.directory.position(peer.id);
    // Late words of an earlier start, or of one that has left already; or of a twin, which greets again and again.
    if (generation < held.generation && now - peer.generationSince > TWIN_GRACE_MS)
      this.#conduct.twins(peer, generation, now, effects);
    if (generation < held.generation || generation <= peer.leftGeneration) return;
    const taken = peer.follower.told(hello.position, now);
    if (this.#peers.directory.member(peer.id) === undefined) {
      const reason = `${MEMBERS_MAX} members are known already`;
      effects.log('error', 'member refused', { member: peer.id, memberName: hello.name, reason });
      effects.disconnects.push({ peer: peer.id, reason, refuseMs: CUT_OFF_MS });
      return;
    }
    if (!peer.isMet || generation > held.generation) peer.generationSince = now;
    if (!peer.isMet) this.#believe(peer, 'dead', effects);
    peer.greeted(hello, now);
    this.#hasMet = true;
    this.#repair.take(peer, taken, now, effects);
    this.judge(peer, now, effects);
    this.#repair.pullIfBehind(peer, true, now, effects);
    this.learn(hello.members, peer, now, effects);
  }

  heardLeave(peer: Peer, generation: number, now: number, effects: Effects): void {
    if (!peer.isMet || generation <= peer.leftGeneration) return;
    if (generation < this.#peers.directory.position(peer.id).generation) return;
    peer.left(generation, now);
    this.#believe(peer, 'left', effects);
  }

  /** Draws the conclusions from what the detector says. */
  judge(peer: Peer, now: number, effects: Effects): void {
    if (!peer.isMet || peer.leftGeneration > 0) return;
    // Who was dead is alive again only by its own word.
    const liveness = peer.isGreeted || peer.goneAt === null ? peer.detector.signal(now) : 'dead';
    if (liveness === this.#peers.directory.member(peer.id)?.liveness) return;
    this.#believe(peer, liveness, effects);
    peer.goneAt = liveness === 'dead' ? now : null;
    if (liveness !== 'dead') return;
    peer.follower.abandon();
    // A hung connection heals late or never; a new one tells at once when the member is back.
    if (peer.isConnected) effects.disconnects.push({ peer: peer.id, reason: 'silent', refuseMs: 0 });
  }

  #believe(peer: Peer, liveness: Liveness, effects: Effects): void {
    effects.changed(this.#peers.directory.setLiveness(peer.id, liveness));
    effects.changedMembers.add(peer.id);
    if (!peer.isMet) return;
    const { level, msg } = NEWS[liveness];
    effects.log(level, msg, this.#peers.naming(peer));
  }

  #dialIfDue(peer: Peer, now: number, effects: Effects): void {
    const { addresses } = peer;
    if (peer.isConnected || now < peer.refusedUntil || addresses.length === 0) return;
    if (!peer.redial.isDue(now)) return;
    peer.redial.started(now);
    effects.dials.push({ peer: peer.id, addresses });
  }

  #forget(peer: Peer, effects: Effects): void {
    effects.changed(this.#peers.directory.forget(peer.id));
    effects.changedMembers.add(peer.id);
    peer.forgotten();
    // Who died is dialled for ever; who left comes by itself after so long.
    if (peer.leftGeneration > 0) this.#peers.delete(peer);
  }
}

const NEWS: Readonly<Record<Liveness, { readonly level: Fact['level']; readonly msg: string }>> = {
  alive: { level: 'info', msg: 'member alive' },
  unreachable: { level: 'warn', msg: 'member unreachable' },
  suspect: { level: 'warn', msg: 'member suspect' },
  dead: { level: 'warn', msg: 'member dead' },
  left: { level: 'info', msg: 'member left' },
};

/** Nothing more will come of it at first: held whole, tried without success, gone, or cut off. */
export const isSettled = (peer: Peer): boolean =>
  peer.wasSynced ||
  peer.goneAt !== null ||
  peer.refusedUntil > 0 ||
  (!peer.isConnected && peer.redial.isTried);
