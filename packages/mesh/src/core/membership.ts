import type { Liveness, MemberId } from '@headwater/directory';
import type { Fact } from './effects.js';
import type { Whereabouts } from './input.js';
import {
  CUT_OFF_MS,
  GONE_KEPT_MS,
  HELLO_DEADLINE_MS,
  MEMBERS_MAX,
  RETRY_MAX_MS,
  STRANGER_RETRY_MAX_MS,
  TWIN_GRACE_MS,
  VERSIONS_REST_MS,
} from './limits.js';
import type { Acquaintance, Hello } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Penalties } from './penalties.js';
import type { Repair } from './repair.js';
import type { Seeds } from './seeds.js';
import type { Step } from './step.js';

/** Who is there: connections, greetings, and what is believed of each member's life. */
export class Membership {
  readonly #peers: Peers;
  readonly #seeds: Seeds;
  readonly #repair: Repair;
  readonly #penalties: Penalties;
  readonly #ownGeneration: number;
  readonly #random: () => number;
  #hasMet = false;

  constructor(
    peers: Peers,
    seeds: Seeds,
    repair: Repair,
    penalties: Penalties,
    ownGeneration: number,
    random: () => number,
  ) {
    this.#peers = peers;
    this.#seeds = seeds;
    this.#repair = repair;
    this.#penalties = penalties;
    this.#ownGeneration = ownGeneration;
    this.#random = random;
  }

  /** Met another member since the start. */
  get hasMet(): boolean {
    return this.#hasMet;
  }

  /** Once each tick for each member. */
  tick(peer: Peer, step: Step): void {
    this.judge(peer, step);
    this.#dialIfDue(peer, step);
    this.#endIfUseless(peer, step);
    if (peer.goneSince !== null && step.now - peer.goneSince >= GONE_KEPT_MS) this.#forget(peer, step);
  }

  #endIfUseless(peer: Peer, step: Step): void {
    const { link } = peer.state;
    if (link.kind !== 'open' && link.kind !== 'incompatible') return;
    // Closed at once, an incompatible one would come again at once; and its own side has to read our hello.
    const [deadlineMs, reason] =
      link.kind === 'open'
        ? [HELLO_DEADLINE_MS, 'no hello']
        : [VERSIONS_REST_MS, 'no common protocol version'];
    if (step.now - link.since >= deadlineMs)
      step.effects.disconnects.push({ peer: peer.id, reason, refuseMs: 0 });
  }

  connected(id: MemberId, from: Whereabouts, hello: Hello, step: Step): void {
    const peer = this.#peers.connected(id, step.now);
    peer.connected(from, step.now);
    step.effects.send(id, hello);
  }

  disconnected(peer: Peer, reason: string, step: Step): void {
    if (peer.isGreeted && peer.goneSince === null)
      step.effects.log('info', 'connection with member lost', { ...this.#peers.naming(peer), reason });
    peer.disconnected(step.now);
    this.#seeds.lost(peer.id, step.now);
    this.judge(peer, step);
    this.#dialIfDue(peer, step);
  }

  dialFailed(peer: Peer, reason: string, step: Step): void {
    if (peer.isConnected) return;
    if (!peer.isMet) peer.redial.waitAtMost(peer.isVouched(step.now) ? RETRY_MAX_MS : STRANGER_RETRY_MAX_MS);
    peer.redial.failed(step.now, this.#random());
    if (!peer.redial.isExcused(step.now)) peer.detector.unreachable();
    const { addresses } = peer;
    step.effects.log('debug', 'member not reached', { ...this.#peers.naming(peer), addresses, reason });
    this.judge(peer, step);
  }

  learn(members: readonly Acquaintance[], from: Peer, step: Step): void {
    for (const one of members) {
      if (one.id !== this.#peers.self) this.#peers.learn(one, from, step.now);
      else if (one.position.generation > this.#ownGeneration)
        this.#penalties.twinOfSelf(one.position.generation, this.#peers.nameOf(from.id), step);
    }
    for (const peer of this.#peers) this.#dialIfDue(peer, step);
  }

  heardHello(peer: Peer, hello: Hello, step: Step): void {
    const { generation } = hello.position;
    const held = this.#peers.directory.position(peer.id);
    // Late words of an earlier start, or of one that has left already; or of a twin, which greets again and again.
    if (generation < held.generation && step.now - peer.generationSince > TWIN_GRACE_MS)
      this.#penalties.twins(peer, generation, step);
    if (generation < held.generation || generation <= peer.leftGeneration) return;
    const taken = peer.follower.told(hello.position, step.now);
    if (this.#peers.directory.member(peer.id) === undefined) {
      const reason = `${MEMBERS_MAX} members are known already`;
      step.effects.log('error', 'member refused', { member: peer.id, memberName: hello.name, reason });
      step.effects.disconnects.push({ peer: peer.id, reason, refuseMs: CUT_OFF_MS });
      return;
    }
    // Nobody believes yet that it lives: that is judged next, as of any member.
    if (!peer.isMet) this.#believe(peer, 'dead', step);
    peer.greeted(hello, held.generation, step.now);
    this.#hasMet = true;
    this.#repair.take(peer, taken, step);
    this.judge(peer, step);
    this.#repair.pullIfBehind(peer, true, step);
    this.learn(hello.members, peer, step);
  }

  heardLeave(peer: Peer, generation: number, step: Step): void {
    if (!peer.isMet || generation <= peer.leftGeneration) return;
    if (generation < this.#peers.directory.position(peer.id).generation) return;
    peer.left(generation, step.now);
    this.#believe(peer, 'left', step);
  }

  /** Draws the conclusions from what the detector says. */
  judge(peer: Peer, step: Step): void {
    peer.judge(step.now);
    const { life } = peer.state;
    if (life.kind === 'stranger' || life.kind === 'left') return;
    if (life.kind === this.#peers.directory.member(peer.id)?.liveness) return;
    this.#believe(peer, life.kind, step);
    if (life.kind !== 'dead') return;
    peer.follower.abandon();
    // A hung connection heals late or never; a new one tells at once when the member is back.
    if (peer.isConnected) step.effects.disconnects.push({ peer: peer.id, reason: 'silent', refuseMs: 0 });
  }

  #believe(peer: Peer, liveness: Liveness, step: Step): void {
    step.effects.changed(this.#peers.directory.setLiveness(peer.id, liveness));
    step.effects.changedMembers.add(peer.id);
    if (!peer.isMet) return;
    const { level, msg } = NEWS[liveness];
    step.effects.log(level, msg, this.#peers.naming(peer));
  }

  #dialIfDue(peer: Peer, step: Step): void {
    const { addresses } = peer;
    if (peer.isConnected || step.now < peer.offences.refusedUntil || addresses.length === 0) return;
    if (!peer.redial.isDue(step.now)) return;
    peer.redial.started(step.now);
    step.effects.dials.push({ peer: peer.id, addresses });
  }

  #forget(peer: Peer, step: Step): void {
    step.effects.changed(this.#peers.directory.forget(peer.id));
    step.effects.changedMembers.add(peer.id);
    // Who died is dialled for ever; who left comes by itself after so long.
    if (peer.hasLeft) this.#peers.delete(peer);
    peer.forgotten();
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
  peer.goneSince !== null ||
  peer.offences.refusedUntil > 0 ||
  peer.version === null ||
  (!peer.isConnected && peer.redial.isTried);
