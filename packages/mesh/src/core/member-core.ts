import {
  Directory,
  type MemberId,
  type MemberProfile,
  type OwnerPolicy,
  ownerOrder,
} from '@headwater/directory';
import type { Effects } from './effects.js';
import type { Patience } from './failure-detector.js';
import { type Gauges, gaugesOf } from './gauges.js';
import { type HeartbeatState, Heartbeats } from './heartbeats.js';
import type { HandedOn, Input, SeedOutcome } from './input.js';
import { Lateness } from './lateness.js';
import {
  HUSH_FROM_MS,
  HUSH_MS,
  MEMBERS_MAX,
  STALL_MS,
  STALL_TOLD_EVERY_MS,
  STREAMS_PER_MEMBER_MAX,
  SWEPT_PER_TICK,
  TICK_MS,
  TWIN_GRACE_MS,
} from './limits.js';
import { LocalState } from './local-state.js';
import { isSettled, Membership } from './membership.js';
import type { BroadcastMessage, DeltaNews, DirectMessage, Heartbeat, Hello, Leave } from './messages.js';
import { checkOrder } from './order-check.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Penalties } from './penalties.js';
import { Reachability } from './reachability.js';
import { Repair } from './repair.js';
import { Retelling } from './retelling.js';
import { RosterPace } from './roster-pace.js';
import { SecondHand } from './second-hand.js';
import { Seeds } from './seeds.js';
import { Step } from './step.js';
import { settleVersion } from './version-check.js';
import { SPEAKS, type VersionRange } from './versions.js';
import { WarningPace } from './warning-pace.js';

export interface CoreOptions extends Patience {
  readonly self: MemberId;
  readonly generation: number;
  readonly profile: MemberProfile;
  /** Where others can dial this member. */
  readonly addresses: readonly string[];
  readonly seeds: readonly string[];
  readonly heartbeatMs: number;
  readonly batchMs: number;
  /** How owners are ordered; `primary` where absent. */
  readonly order?: OwnerPolicy;
  /** Versions of the protocol that it speaks; `SPEAKS` where absent. */
  readonly speaks?: VersionRange;
  /** 0 <= random() < 1; a seeded one makes a run repeatable. */
  readonly random: () => number;
}

/**
 * One member of the mesh as a state machine: each input gives the effects that the shell must carry out. It has no
 * sockets, timers, clock or randomness of its own, so a simulator can run many of them with a virtual clock.
 *
 * The rules are in files of their own: who is there (`membership`, `peers`, `seeds`), where each of them is in its life
 * (`peer-state`, `failure-detector`, `reachability`, `redial`) and how patiently that is judged (`leeway`, `round-trip`,
 * `lateness`), how changes go out (`local-state`, `outbox`, `retelling`) and come in (`follower`, `repair`, `second-hand`),
 * who is cut off (`penalties`, `offences`).
 */
export class MemberCore {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #options: CoreOptions;
  readonly #order: OwnerPolicy;
  readonly #speaks: VersionRange;
  readonly #local: LocalState;
  readonly #seeds: Seeds;
  readonly #peers: Peers;
  readonly #penalties: Penalties;
  readonly #repair: Repair;
  readonly #secondHand: SecondHand;
  readonly #membership: Membership;
  readonly #reachability: Reachability;
  readonly #retelling: Retelling;
  readonly #lateness: Lateness;
  readonly #stallWarning = new WarningPace(STALL_TOLD_EVERY_MS);
  #lastTickAt: number;
  /** It stood still not long before: it does not say yet whom it hears. */
  #hushUntil = Number.NEGATIVE_INFINITY;
  readonly #heartbeats: Heartbeats;
  readonly #rosterPace: RosterPace;
  #isSynced = false;
  #hasLeft = false;

  constructor(options: CoreOptions, now: number) {
    const { self, generation, profile, order = 'primary', random } = options;
    this.self = self;
    this.#options = options;
    this.#order = order;
    this.#speaks = options.speaks ?? SPEAKS;
    const limits = { membersMax: MEMBERS_MAX, streamsPerMemberMax: STREAMS_PER_MEMBER_MAX };
    this.directory = new Directory(self, profile, limits, ownerOrder(order, profile.zone));
    this.#local = new LocalState({ ...options, order }, this.directory, new Step(now));
    this.#seeds = new Seeds(options.seeds, now);
    this.#lateness = new Lateness(now);
    this.#peers = new Peers(this.directory, options, this.#lateness, random);
    this.#penalties = new Penalties(this.#peers, generation);
    this.#repair = new Repair(this.#local.log, this.#penalties);
    this.#secondHand = new SecondHand(this.#peers, this.#penalties, this.#repair, random);
    this.#reachability = new Reachability(this.#peers, generation, options.deadAfterMs, random);
    this.#retelling = new Retelling(this.#peers, this.#local, this.#reachability, now);
    this.#membership = new Membership(
      this.#peers,
      this.#seeds,
      this.#repair,
      this.#penalties,
      this.#reachability,
      generation,
      random,
    );
    this.#lastTickAt = now;
    this.#heartbeats = new Heartbeats(
      options.heartbeatMs,
      this.#peers,
      (at) => this.#stateToTell(at),
      now,
      random(),
    );
    this.#rosterPace = new RosterPace(now, random());
  }

  /** Where others can dial this member. */
  get addresses(): readonly string[] {
    return this.#options.addresses;
  }

  /**
   * Gathered changes go out then, a member is judged, others are told, or work that is done in slices goes on (at once):
   * the shell ticks at this time too, beside each `TICK_MS`; null: not needed.
   */
  get flushAt(): number | null {
    if (this.directory.isSweepDue || this.#repair.isWorking) return Number.NEGATIVE_INFINITY;
    const dues = [this.#local.flushAt, this.#membership.judgeAt, this.#tellAt];
    const at = Math.min(...dues.map((due) => due ?? Number.POSITIVE_INFINITY));
    return at === Number.POSITIVE_INFINITY ? null : at;
  }

  /** Reached another member since the start, or has no seed but itself. */
  get isJoined(): boolean {
    return this.#membership.hasMet || this.#seeds.isAlone;
  }

  /** Held the whole log of everybody it knew of when it joined. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** What it waits for, as a sentence; null where it is joined and synced. */
  get waitingFor(): string | null {
    if (!this.isJoined) return this.#waitingForSeeds;
    if (this.#isSynced) return null;
    const names = [...this.#peers]
      .filter((peer) => !isSettled(peer))
      .map((peer) => this.#peers.nameOf(peer.id));
    return `the streams of ${names.join(', ')} are still on their way`;
  }

  get #waitingForSeeds(): string {
    const others = [...this.#peers].filter((peer) => peer.version === null).map(({ name }) => name);
    if (others.length > 0)
      return `no protocol version is common with the members found (${others.join(', ')})`;
    return `no seed has answered yet (${this.#seeds.unreached.join('; ')})`;
  }

  /** How much is held for others, beside the directory. */
  get gauges(): Gauges {
    return gaugesOf(this.#peers, this.#local);
  }

  peer(
    id: MemberId,
  ): Pick<Peer, 'isConnected' | 'addresses' | 'whereabouts' | 'rttMs' | 'version'> | undefined {
    return this.#peers.get(id);
  }

  /** `now`: ms of a clock that never goes back. */
  step(input: Input, now: number): Effects {
    const step = new Step(now);
    const { effects } = step;
    if (this.#hasLeft) return effects;
    const known = this.#peers.size;
    const askedFor = this.flushAt;
    // Not only with the tick: after a standstill, what waited in the sockets may well come first.
    this.#excuseOwnStall(step);
    switch (input.kind) {
      case 'tick':
        this.#tick(askedFor, step);
        break;
      case 'connected':
        this.#membership.connected(input.peer, input.from, this.#hello(), step);
        break;
      case 'seed-visited':
        this.#seedVisited(input.seed, input.outcome, step);
        break;
      case 'broadcast':
        this.#broadcast(input.author, input.message, input.signedBytes, step);
        break;
      case 'handed-on':
        this.#handedOn(input, step);
        break;
      case 'claim':
        this.#local.claim(input.claim, step);
        break;
      case 'release':
        this.#local.release(input.key, step);
        break;
      case 'profile':
        this.#local.setProfile(input.profile, step);
        break;
      case 'load':
        this.#local.setLoad(input.load, step);
        break;
      case 'leave':
        this.#leave(step);
        break;
      default: {
        const peer = this.#peers.get(input.peer);
        if (peer !== undefined) this.#ofPeer(peer, input, step);
      }
    }
    this.#tellIfLess(step);
    if (effects.changedMembers.size > 0 || this.#peers.size !== known) this.#rosterPace.hasten(now);
    this.#isSynced ||= this.isJoined && [...this.#peers].every(isSettled);
    return effects;
  }

  #leave(step: Step): void {
    this.#local.flush(step, true);
    const leave: Leave = { kind: 'leave', generation: this.#local.position.generation };
    step.effects.broadcasts.push(leave);
    for (const peer of this.#peers.greeted()) step.effects.send(peer.id, leave);
    this.#hasLeft = true;
  }

  #tick(askedFor: number | null, step: Step): void {
    this.#peers.tick();
    this.#lateness.tick(step.now, askedFor);
    this.#lastTickAt = step.now;
    this.#local.flushDue(step);
    this.#retelling.tick(step);
    this.directory.sweep(SWEPT_PER_TICK);
    this.#repair.work(step);
    this.#heartbeats.tick(step);
    if (this.#rosterPace.isDue(step.now)) this.#tellRoster(step);
    for (const seed of this.#seeds.due(step.now)) step.effects.visits.push(seed);
    this.#membership.tickBegins();
    for (const peer of this.#peers) {
      this.#membership.tick(peer, step);
      this.#repair.pullIfBehind(peer, false, step);
    }
    this.#secondHand.tick(step);
  }

  /** When all are to be told that somebody is not heard any more; null: they are not. */
  get #tellAt(): number | null {
    const { tellAt } = this.#heartbeats;
    return tellAt === null ? null : Math.max(tellAt, this.#hushUntil);
  }

  #tellIfLess(step: Step): void {
    const { all, peers } = this.#reachability.takeToTell();
    if (all) this.#heartbeats.tellSoon();
    if (step.now < this.#hushUntil) return;
    for (const peer of peers) this.#heartbeats.tell(peer, step);
    this.#heartbeats.tellDue(step);
  }

  #stateToTell(now: number): HeartbeatState {
    const { told } = this.#lateness;
    return {
      ...this.#local.state,
      ...(now >= this.#hushUntil && { hears: this.#reachability.hears }),
      ...(told !== undefined && { lateMs: told }),
    };
  }

  /** Whoever stalled heard nobody; that is nobody else's fault. */
  #excuseOwnStall(step: Step): void {
    const stalledMs = step.now - this.#lastTickAt - TICK_MS;
    if (stalledMs < STALL_MS) return;
    this.#lastTickAt = step.now;
    if (stalledMs >= HUSH_FROM_MS) this.#hushUntil = step.now + HUSH_MS;
    // A loop that is always late has leeway for that, and hears others between.
    for (const peer of this.#peers) peer.excuse(Math.max(0, stalledMs - this.#lateness.ms), step.now);
    if (!this.#stallWarning.take(step.now)) return;
    step.effects.log('warn', 'event loop stalled', {
      stalledMs: Math.round(stalledMs),
      reason: 'its event loop was blocked, or the process was not run',
    });
  }

  #hello(): Hello {
    return {
      kind: 'hello',
      name: this.#local.profile.name,
      program: this.#local.profile.program,
      position: this.#local.position,
      addresses: this.addresses,
      members: this.#peers.roster(),
      order: this.#order,
      speaks: this.#speaks,
    };
  }

  #tellRoster(step: Step): void {
    this.#rosterPace.told(step.now, this.#options.random());
    const greeted = this.#peers.greeted();
    const one = greeted[Math.floor(this.#options.random() * greeted.length)];
    if (one) step.effects.send(one.id, { kind: 'roster', members: this.#peers.roster() });
  }

  #seedVisited(seed: string, outcome: SeedOutcome, step: Step): void {
    const isNews = this.#seeds.visited(seed, outcome, step.now, this.#options.random());
    if (!isNews) return;
    if (outcome.failure !== undefined)
      step.effects.log('warn', 'seed not reached', { seed, reason: outcome.failure });
    else if (outcome.isSelf) step.effects.log('debug', 'seed is this member', { seed });
    else step.effects.log('info', 'seed reached', { seed });
  }

  // Words of others

  #ofPeer(
    peer: Peer,
    input: Extract<Input, { kind: 'direct' | 'disconnected' | 'dial-failed' | 'offence' }>,
    step: Step,
  ): void {
    switch (input.kind) {
      case 'direct':
        this.#direct(peer, input.message, step);
        break;
      case 'disconnected':
        this.#membership.disconnected(peer, input.reason, step);
        break;
      case 'dial-failed':
        this.#membership.dialFailed(peer, input.reason, step);
        break;
      case 'offence':
        this.#penalties.offence(peer, input.reason, step);
        break;
    }
  }

  #direct(peer: Peer, message: DirectMessage, step: Step): void {
    if (!peer.isConnected) return;
    if (message.kind === 'hello') {
      if (!settleVersion(this.#speaks, message, peer, step)) return;
      this.#membership.heardHello(peer, message, step);
      checkOrder(this.#order, message.order, peer, this.#peers, step);
    }
    if (message.kind === 'leave') this.#membership.heardLeave(peer, message.generation, step);
    if (!peer.isGreeted || peer.hasLeft) return;
    peer.detector.heard(step.now);
    switch (message.kind) {
      case 'heartbeat':
        this.#heardHeartbeat(peer, message, step);
        break;
      case 'roster':
        this.#membership.learn(message.members, peer, step);
        break;
      case 'pull':
        this.#repair.heardPull(peer, message, step);
        break;
      case 'more':
        this.#repair.heardMore(peer, message, step);
        break;
      case 'ask':
        this.#secondHand.heardAsk(peer, message, step);
        break;
      case 'words':
        this.#secondHand.heardWords(peer, message, step);
        break;
      case 'delta-part':
      case 'snapshot-part':
        this.#repair.heardPart(peer, message, step);
        break;
    }
    this.#membership.judge(peer, step);
  }

  #heardHeartbeat(peer: Peer, heartbeat: Heartbeat, step: Step): void {
    const { generation } = heartbeat.position;
    if (generation < this.directory.position(peer.id).generation) {
      if (step.now - peer.generationSince > TWIN_GRACE_MS) this.#penalties.twins(peer, generation, step);
      return;
    }
    const proof = peer.heartbeats.heard(heartbeat, step.now);
    if (proof !== null) peer.detector.spoke(proof.saidAt);
    this.directory.setLoad(peer.id, heartbeat.load);
    this.#repair.take(peer, peer.follower.told(heartbeat.position, step.now), step);
    const isAwaited = this.#reachability.heard(peer, heartbeat, proof, step.now);
    this.#heartbeats.answer(peer, isAwaited, step);
    this.#membership.judgeUnheard(step);
  }

  /**
   * News count only of members met, or heard by others while they can't be met: the claims of the rest come with their own
   * hello.
   */
  #broadcast(author: MemberId, message: BroadcastMessage, signedBytes: Uint8Array, step: Step): void {
    const generation = message.kind === 'leave' ? message.generation : message.delta.generation;
    if (author === this.self) {
      if (generation > this.#local.position.generation) this.#penalties.twinOfSelf(generation, author, step);
      return;
    }
    const isMet = this.#peers.get(author)?.isMet === true;
    if (!isMet && !this.#reachability.isWitnessed(author, generation, step.now)) return;
    const peer = this.#peers.heardOf(author, step.now);
    if (peer === null || generation <= peer.leftGeneration) return;
    this.#local.heardOther(author, step.now);
    if (message.kind === 'leave') this.#membership.heardLeave(peer, generation, step);
    else if (message.delta.member !== author) this.#penalties.offence(peer, 'spoke for another member', step);
    else this.#news(peer, message, signedBytes, step);
  }

  #news(owner: Peer, message: DeltaNews, signedBytes: Uint8Array, step: Step): void {
    this.#secondHand.news(owner, message, signedBytes, step);
    // They may be of a start that others hear, and that is known only now.
    if (owner.state.life.kind !== 'alive') this.#membership.judge(owner, step);
  }

  #handedOn(words: HandedOn, step: Step): void {
    const owner = this.#secondHand.ownerOf(words, step);
    if (owner === null || !owner.isMet || words.message.delta.generation <= owner.leftGeneration) return;
    this.#news(owner, words.message, words.signedBytes, step);
  }
}
