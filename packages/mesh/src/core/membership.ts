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
import type { Reachability } from './reachability.js';
import type { Repair } from './repair.js';
import type { Seeds } from './seeds.js';
import type { Step } from './step.js';

/** Who is there: connections, greetings, and what is believed of each member's life. */
export class Membership {
  readonly #peers: Peers;
  readonly #seeds: Seeds;
  readonly #repair: Repair;
  readonly #penalties: Penalties;
  readonly #reachability: Reachability;
  readonly #ownGeneration: number;
  readonly #random: () => number;
  #hasMet = false;
  #judgeAt = Number.POSITIVE_INFINITY;

  constructor(
    peers: Peers,
    seeds: Seeds,
    repair: Repair,
    penalties: Penalties,
    reachability: Reachability,
    ownGeneration: number,
    random: () => number,
  ) {
    this.#peers = peers;
    this.#seeds = seeds;
    this.#repair = repair;
    this.#penalties = penalties;
    this.#reachability = reachability;
    this.#ownGeneration = ownGeneration;
    this.#random = random;
  }

  /** Met another member since the start. */
  get hasMet(): boolean {
    return this.#hasMet;
  }

  /** Somebody is to be judged anew then, with a tick; null: with the next usual one. */
  get judgeAt(): number | null {
    return this.#judgeAt === Number.POSITIVE_INFINITY ? null : this.#judgeAt;
  }

  /** Once each tick for each member, after `tickBegins`. */
  tick(peer: Peer, step: Step): void {
    this.judge(peer, step);
    this.#dialIfDue(peer, step);
    this.#endIfUseless(peer, step);
    if (peer.goneSince !== null && step.now - peer.goneSince >= GONE_KEPT_MS) this.#forget(peer, step);
  }

  tickBegins(): void {
    this.#judgeAt = Number.POSITIVE_INFINITY;
  }

  /** After others said whom they hear: that matters for those that are not heard here. */
  judgeUnheard(step: Step): void {
    for (const peer of this.#peers)
      if (peer.isMet && peer.state.life.kind !== 'alive') this.judge(peer, step);
  }

  #endIfUseless(peer: Peer, step: Step): void {
    const { link } = peer.state;
    if (link.kind !== 'open' && link.kind !== 'incompatible') return;
    // Closed at once, an incompatible one would come again at once; and its own side has to read our hello.
    const [deadlineMs, reason] =
      link.kind === 'open'
        ? [Math.max(HELLO_DEADLINE_MS, peer.leeway.confirmMs), 'no hello']
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
    // What took long was not answered at all; that says nothing before the time to confirm is over.
    const isAnswered = peer.redial.lastedMs(step.now) <= peer.leeway.refusalMs;
    if (isAnswered && !peer.redial.isExcused(step.now)) peer.detector.refused();
    const { addresses } = peer;
    step.effects.log('debug', 'member not reached', { ...this.#peers.naming(peer), addresses, reason });
    this.judge(peer, step);
  }

  learn(members: readonly Acquaintance[], from: Peer, step: Step): void {
    for (const one of members) {
      if (one.id !== this.#peers.self) {
        this.#peers.learn(one, from, step.now);
        continue;
      }
      from.holds = one.position.generation === this.#ownGeneration ? one.position.version : 0;
      if (one.position.generation > this.#ownGeneration)
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
    this.#reachability.note(peer, step.now);
    this.#believe(peer, 'left', step);
  }

  /** Draws the conclusions from what is known of the link with a member, and from what others say. */
  judge(peer: Peer, step: Step): void {
    const { now } = step;
    this.#reachability.note(peer, now);
    if (!peer.isMet || peer.hasLeft) this.#meetByOthers(peer, step);
    if (!peer.isMet || peer.hasLeft) return;
    const { liveness, until } = this.#reachability.judge(peer, now);
    peer.judged(liveness, now);
    if (until !== null) this.#judgeAt = Math.min(this.#judgeAt, until);
    // A hung connection heals late or never; a new one tells at once when the member is back.
    if (peer.evidence(now).kind === 'gone' && peer.giveUpLink())
      step.effects.disconnects.push({ peer: peer.id, reason: 'silent', refuseMs: 0 });
    const { life } = peer.state;
    if (life.kind === 'stranger' || life.kind === 'left') return;
    const { directory } = this.#peers;
    const through = life.kind === 'unreachable' ? this.#reachability.through(peer, now) : [];
    const before = directory.member(peer.id);
    if (String(before?.through) !== String(through)) {
      step.effects.changed(directory.setReach(peer.id, through));
      step.effects.changedMembers.add(peer.id);
    }
    if (life.kind === before?.liveness) return;
    this.#believe(peer, life.kind, step);
    if (life.kind === 'dead') peer.follower.abandon();
  }

  /** A start that others hear and that can't be met itself: its news came through them. */
  #meetByOthers(peer: Peer, step: Step): void {
    const { directory } = this.#peers;
    const { generation } = directory.position(peer.id);
    if (generation <= peer.leftGeneration || directory.member(peer.id) === undefined) return;
    if (!this.#reachability.isWitnessed(peer.id, generation, step.now)) return;
    // Nobody believes yet that it lives: that is judged next, as of any member.
    if (!peer.isMet) this.#believe(peer, 'dead', step);
    peer.witnessed(step.now);
  }

  #believe(peer: Peer, liveness: Liveness, step: Step): void {
    step.effects.changed(this.#peers.directory.setLiveness(peer.id, liveness));
    step.effects.changedMembers.add(peer.id);
    if (!peer.isMet) return;
    const { level, msg } = NEWS[liveness];
    const through = liveness === 'unreachable' ? this.#reachability.through(peer, step.now) : [];
    const fields = {
      ...this.#peers.naming(peer),
      ...(through.length > 0 && { through: through.map((id) => this.#peers.nameOf(id)) }),
    };
    step.effects.log(level, msg, fields);
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
