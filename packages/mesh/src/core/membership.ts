import type { Liveness, MemberId } from '@headwater/directory';
import type { Acquaintances } from './acquaintances.js';
import { DialBudget } from './dial-budget.js';
import type { Dispute } from './dispute.js';
import type { Fact } from './effects.js';
import type { Whereabouts } from './input.js';
import {
  CUT_OFF_MS,
  HELLO_DEADLINE_MS,
  LEFT_CLOSE_MS,
  MEMBERS_MAX,
  TWIN_GRACE_MS,
  VERSIONS_REST_MS,
} from './limits.js';
import type { Acquaintance, DirectMessage, Hello } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Penalties } from './penalties.js';
import type { Reachability } from './reachability.js';
import type { Repair } from './repair.js';
import type { Seeds } from './seeds.js';
import type { Step } from './step.js';
import { WarningPace } from './warning-pace.js';

/** What membership works with. */
export interface MembershipParts {
  readonly peers: Peers;
  readonly acquaintances: Acquaintances;
  readonly seeds: Seeds;
  readonly repair: Repair;
  readonly penalties: Penalties;
  readonly dispute: Dispute;
  readonly reachability: Reachability;
  /** Where this member can be dialled. */
  readonly addresses: readonly string[];
  readonly random: () => number;
}

/** That there is no room for one more member is told at most this often, ms. */
const FULL_TOLD_EVERY_MS = 60_000;

/** Who is there: connections, greetings, and what is believed of each member's life. */
export class Membership {
  readonly #peers: Peers;
  readonly #acquaintances: Acquaintances;
  readonly #seeds: Seeds;
  readonly #repair: Repair;
  readonly #penalties: Penalties;
  readonly #dispute: Dispute;
  readonly #reachability: Reachability;
  readonly #addresses: readonly string[];
  readonly #random: () => number;
  readonly #dials: DialBudget;
  readonly #fullWarning = new WarningPace(FULL_TOLD_EVERY_MS);
  #hasMet = false;
  #judgeAt = Number.POSITIVE_INFINITY;

  constructor(parts: MembershipParts, now: number) {
    this.#peers = parts.peers;
    this.#acquaintances = parts.acquaintances;
    this.#seeds = parts.seeds;
    this.#repair = parts.repair;
    this.#penalties = parts.penalties;
    this.#dispute = parts.dispute;
    this.#reachability = parts.reachability;
    this.#addresses = parts.addresses;
    this.#random = parts.random;
    this.#dials = new DialBudget(now);
  }

  /** Met another member since the start. */
  get hasMet(): boolean {
    return this.#hasMet;
  }

  /** Somebody is to be judged anew then, with a tick; null: with the next usual one. */
  get judgeAt(): number | null {
    return this.#judgeAt === Number.POSITIVE_INFINITY ? null : this.#judgeAt;
  }

  dialsPerSecond(now: number): number {
    return this.#dials.perSecond(now);
  }

  /** Once each tick for each member, after `tickBegins`. */
  tick(peer: Peer, step: Step): void {
    this.judge(peer, step);
    if (peer.state.link.kind === 'open' && peer.isOlderAbout(step.now)) this.tellHolder(peer, 'older', step);
    else this.#endIfUseless(peer, step);
    this.#acquaintances.tick(peer, step);
  }

  /** Dials who is due, as far as dials may go out: seeds first, then the recently lost, then those that others hear. */
  dial(step: Step): void {
    const { now } = step;
    for (const seed of this.#seeds.due(now, () => this.#dials.take(true, now)))
      step.effects.visits.push(seed);
    const due = [...this.#peers]
      .filter((peer) => isDialDue(peer, now))
      .map((peer) => ({ peer, rank: dialRank(peer, now) }))
      .sort((a, b) => a.rank - b.rank || a.peer.redial.nextAt - b.peer.redial.nextAt);
    for (const { peer, rank } of due) {
      if (!this.#dials.take(rank === 0, now)) break;
      peer.redial.started(now);
      step.effects.dials.push({ peer: peer.id, addresses: peer.addresses, startedAt: now });
    }
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
    const useless = uselessSince(peer);
    if (useless === null) return;
    const { since, deadlineMs, reason } = useless;
    if (step.now - since >= deadlineMs) step.effects.disconnects.push({ peer: peer.id, reason, refuseMs: 0 });
  }

  connected(id: MemberId, from: Whereabouts, hello: Hello, step: Step): void {
    const peer = this.#acquaintances.connected(id, step);
    if (peer === null) {
      this.#refuse(id, id, step);
      return;
    }
    peer.connected(from, step.now);
    this.#acquaintances.arrived(peer, step);
    step.effects.send(id, hello);
  }

  disconnected(peer: Peer, reason: string, step: Step): void {
    if (peer.isGreeted && peer.goneSince === null) {
      step.effects.log('info', 'connection with member lost', { ...this.#peers.naming(peer), reason });
      this.#reachability.closedUnheard(peer, step.now);
    }
    peer.disconnected(step.now);
    if (!peer.hasLeft) peer.redial.lost(step.now, peer.retryMaxMs(step.now), this.#random());
    this.#seeds.lost(peer.id, step.now);
    this.judge(peer, step);
    this.#acquaintances.went(peer, step);
    if (!peer.isWorthKeeping(step.now)) this.#peers.delete(peer);
    this.dial(step);
  }

  /** `startedAt`: of that dial. */
  dialFailed(peer: Peer, reason: string, startedAt: number, step: Step): void {
    if (peer.isConnected || startedAt !== peer.redial.startedAt) return;
    // What took long was not answered at all; that says nothing before the time to confirm is over.
    const isAnswered = step.now - startedAt <= peer.leeway.refusalMs;
    peer.redial.failed(step.now, peer.retryMaxMs(step.now), this.#random());
    if (isAnswered && !peer.redial.isExcused(step.now)) peer.detector.refused();
    const { addresses } = peer;
    step.effects.log('debug', 'member not reached', { ...this.#peers.naming(peer), addresses, reason });
    this.judge(peer, step);
  }

  learn(members: readonly Acquaintance[], from: Peer, step: Step): void {
    const { self, directory } = this.#peers;
    const own = directory.position(self);
    for (const one of members) {
      if (one.id !== self) this.#acquaintances.learn(one, from, step);
      else from.holds = one.position.generation === own.generation ? one.position.version : 0;
    }
    this.dial(step);
  }

  /**
   * A member tells whom it knows. Of who has restarted since it hears at once: it may be out of reach for it, and this one
   * all that it is connected with, while rosters go to one at a time.
   */
  heardRoster(members: readonly Acquaintance[], from: Peer, step: Step): void {
    this.learn(members, from, step);
    const newer = this.#peers.newerThan(members);
    if (newer.length > 0 && from.newerPace.take(step.now))
      step.effects.send(from.id, { kind: 'roster', members: newer });
  }

  /** What a member says of this one, also where its greeting does not count: it may be disputed itself. */
  heardOfSelf(members: readonly Acquaintance[], from: Peer, step: Step): void {
    for (const { id, position, heard } of members)
      if (id === this.#peers.self) this.#dispute.told(from.id, position.generation, heard ?? null, step.now);
  }

  heardHello(peer: Peer, hello: Hello, step: Step): void {
    const { generation } = hello.position;
    const held = this.#peers.directory.position(peer.id);
    // Late words of a start that has left already.
    if (generation <= peer.leftGeneration) return;
    const taken = peer.follower.told(hello.position, step.now);
    if (this.#peers.directory.member(peer.id) === undefined) {
      this.#refuse(peer.id, hello.name, step);
      return;
    }
    // Nobody believes yet that it lives: that is judged next, as of any member.
    if (!peer.isMet) this.#believe(peer, 'dead', step);
    peer.greeted(hello, held.generation, step.now);
    this.#hasMet = true;
    this.#repair.take(peer, taken, step);
    this.judge(peer, step);
    this.#acquaintances.arrived(peer, step);
    this.#repair.pullIfBehind(peer, true, step);
    this.learn(hello.members, peer, step);
  }

  /**
   * Words of an earlier start than is held: late ones, or of another holder of its identity, or of one that lost count of
   * its starts. The newer start stands. The older one is told so, and whether the newer one is heard.
   */
  heardOlder(peer: Peer, generation: number, step: Step): void {
    if (step.now - peer.generationSince <= TWIN_GRACE_MS) return;
    if (peer.goneSince === null) this.#penalties.twins(peer, generation, step);
    peer.heardOlder(step.now);
    this.tellHolder(peer, 'older', step);
  }

  /** Tells who holds this member's identity, and spoke last, what is kept of it. Neither takes the silence for a death. */
  tellHolder(peer: Peer, which: keyof Peer['answerPaces'], step: Step): void {
    if (!peer.answerPaces[which].take(step.now)) return;
    const { self, directory } = this.#peers;
    // Which start of this member says so counts: it may be disputed itself.
    const own = { id: self, position: directory.position(self), addresses: this.#addresses, heard: true };
    const members = [this.#peers.acquaintance(peer, peer.goneSince === null), own];
    step.effects.send(peer.id, { kind: 'roster', members });
  }

  /**
   * Something that shows that it lives. What does not tell which start says it may be of an older one, on a connection that
   * hung: it takes no silence back.
   */
  heard(peer: Peer, message: DirectMessage, step: Step): void {
    const { now } = step;
    const isOfPresent = !peer.isOlderAbout(now) && peer.evidence(now).kind === 'heard';
    if (startOf(message, peer) !== null || isOfPresent) peer.detector.heard(now);
  }

  heardLeave(peer: Peer, generation: number, step: Step): void {
    if (!peer.isMet || generation <= peer.leftGeneration) return;
    if (generation < this.#peers.directory.position(peer.id).generation) return;
    peer.left(generation, step.now);
    this.#reachability.note(peer, step.now);
    this.#believe(peer, 'left', step);
    this.#acquaintances.went(peer, step);
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
    // Stryker disable next-line ConditionalExpression,LogicalOperator,StringLiteral: for the compiler, both have returned above.
    if (life.kind === 'stranger' || life.kind === 'left') return;
    const { directory } = this.#peers;
    const through = life.kind === 'unreachable' ? this.#reachability.through(peer, now) : [];
    const before = directory.member(peer.id);
    if (!isSameWay(before?.through, through)) {
      step.effects.changed(directory.setReach(peer.id, through));
      step.effects.changedMembers.add(peer.id);
    }
    if (life.kind === before?.liveness) return;
    this.#believe(peer, life.kind, step);
    if (life.kind !== 'dead') return;
    peer.follower.abandon();
    this.#acquaintances.went(peer, step);
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

  #refuse(id: MemberId, memberName: string, step: Step): void {
    const reason = `${MEMBERS_MAX} members live already`;
    step.effects.disconnects.push({ peer: id, reason, refuseMs: CUT_OFF_MS });
    if (this.#fullWarning.take(step.now))
      step.effects.log('error', 'member refused', { member: id, memberName, reason });
  }
}

const isSameWay = (before: readonly MemberId[] | undefined, now: readonly MemberId[]): boolean =>
  before !== undefined && before.length === now.length && now.every((id, index) => id === before[index]);

/** A connection that stands and is of no use: it is closed then. */
function uselessSince({
  state: { link, life },
  leeway,
  openedAt,
}: Peer): { readonly since: number; readonly deadlineMs: number; readonly reason: string } | null {
  if (link.kind === 'open')
    return {
      since: openedAt,
      deadlineMs: Math.max(HELLO_DEADLINE_MS, leeway.confirmMs),
      reason: 'no hello',
    };
  // Closed at once, an incompatible one would come again at once; and its own side has to read our hello.
  if (link.kind === 'incompatible')
    return { since: link.since, deadlineMs: VERSIONS_REST_MS, reason: 'no common protocol version' };
  if (link.kind === 'greeted' && life.kind === 'left')
    return { since: life.since, deadlineMs: LEFT_CLOSE_MS, reason: 'left' };
  return null;
}

/** Which start of the member says this, where that is told. */
export function startOf(message: DirectMessage, { id }: Peer): number | null {
  if (message.kind === 'hello' || message.kind === 'heartbeat') return message.position.generation;
  if (message.kind !== 'roster') return null;
  return message.members.find((one) => one.id === id)?.position.generation ?? null;
}

const isDialDue = (peer: Peer, now: number): boolean =>
  !peer.isConnected &&
  now >= peer.offences.refusedUntil &&
  now >= peer.incompatibleUntil &&
  peer.redial.isDue(now) &&
  peer.addresses.length > 0;

const dialRank = (peer: Peer, now: number): number => {
  if (peer.isRecentlyLost(now)) return 0;
  return peer.state.life.kind === 'unreachable' || peer.vouch.stands(now) ? 1 : 2;
};

const NEWS: Readonly<Record<Liveness, { readonly level: Fact['level']; readonly msg: string }>> = {
  alive: { level: 'info', msg: 'member alive' },
  unreachable: { level: 'warn', msg: 'member unreachable' },
  suspect: { level: 'warn', msg: 'member suspect' },
  dead: { level: 'warn', msg: 'member dead' },
  left: { level: 'info', msg: 'member left' },
};

/** Nothing more will come of it at first: held whole, tried without success, nowhere to be tried, gone, or cut off. */
export const isSettled = (peer: Peer): boolean =>
  peer.wasSynced ||
  peer.goneSince !== null ||
  peer.offences.refusedUntil > 0 ||
  peer.version === null ||
  (!peer.isConnected && (peer.redial.isTried || peer.addresses.length === 0));
