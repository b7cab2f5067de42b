import {
  Directory,
  type MemberId,
  type MemberProfile,
  type OwnerPolicy,
  ownerOrder,
} from '@headwater/directory';
import { Acquaintances } from './acquaintances.js';
import { Dispute, type Disputed } from './dispute.js';
import type { Effects } from './effects.js';
import type { Patience } from './failure-detector.js';
import { type Gauges, gaugesOf } from './gauges.js';
import { type HeartbeatState, Heartbeats } from './heartbeats.js';
import type { HandedOn, Input, SeedOutcome } from './input.js';
import { Introductions } from './introductions.js';
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
} from './limits.js';
import { LocalState } from './local-state.js';
import { isSettled, Membership, startOf } from './membership.js';
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
 * The rules are in files of their own: who is there (`membership`, `peers`, `seeds`), who is kept (`acquaintances`,
 * `room`), where each of them is in its life (`peer-state`, `failure-detector`, `reachability`, `redial`) and how patiently
 * that is judged (`leeway`, `round-trip`, `lateness`), how changes go out (`local-state`, `outbox`, `retelling`) and come in
 * (`follower`, `repair`, `second-hand`), who is cut off (`penalties`, `offences`), and what is done where two hold one
 * identity (`dispute`).
 */
export class MemberCore {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #options: CoreOptions;
  #order: OwnerPolicy;
  readonly #speaks: VersionRange;
  readonly #local: LocalState;
  readonly #seeds: Seeds;
  readonly #peers: Peers;
  readonly #penalties: Penalties;
  readonly #repair: Repair;
  readonly #secondHand: SecondHand;
  readonly #acquaintances: Acquaintances;
  readonly #membership: Membership;
  readonly #reachability: Reachability;
  readonly #retelling: Retelling;
  readonly #lateness: Lateness;
  readonly #stallWarning = new WarningPace(STALL_TOLD_EVERY_MS);
  readonly #dispute: Dispute;
  /** Asked of the shell, and not kept yet. */
  #generationAsked: number | null = null;
  #now: number;
  #lastTickAt: number;
  /** It stood still not long before: it does not say yet whom it hears. */
  #hushUntil = Number.NEGATIVE_INFINITY;
  readonly #heartbeats: Heartbeats;
  readonly #rosterPace: RosterPace;
  readonly #introductions: Introductions;
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
    this.#penalties = new Penalties(this.#peers);
    this.#dispute = new Dispute(generation, options.heartbeatMs, now);
    this.#repair = new Repair(this.#local, this.#penalties, this.#dispute);
    this.#secondHand = new SecondHand(this.#peers, this.#penalties, this.#repair, generation, random);
    this.#reachability = new Reachability(this.#peers, generation, options.deadAfterMs, random);
    this.#retelling = new Retelling(this.#peers, this.#local, this.#reachability, now);
    this.#acquaintances = new Acquaintances(this.#peers, options.addresses);
    this.#membership = new Membership(
      {
        peers: this.#peers,
        acquaintances: this.#acquaintances,
        seeds: this.#seeds,
        repair: this.#repair,
        penalties: this.#penalties,
        dispute: this.#dispute,
        reachability: this.#reachability,
        addresses: options.addresses,
        random,
      },
      now,
    );
    this.#now = now;
    this.#lastTickAt = now;
    this.#heartbeats = new Heartbeats(
      options.heartbeatMs,
      this.#peers,
      (at) => this.#stateToTell(at),
      now,
      random(),
    );
    this.#rosterPace = new RosterPace(now, random());
    this.#introductions = new Introductions(this.#peers);
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
    const at = Math.min(
      this.#local.flushAt ?? Number.POSITIVE_INFINITY,
      this.#membership.judgeAt ?? Number.POSITIVE_INFINITY,
      this.#tellAt ?? Number.POSITIVE_INFINITY,
    );
    return at === Number.POSITIVE_INFINITY ? null : at;
  }

  /** Which start of this member this is; grows where another holder of its identity was there. */
  get generation(): number {
    return this.#local.position.generation;
  }

  /** Another holder of this identity has a newer generation: nothing that this member says counts; null: it has not. */
  get disputed(): Disputed | null {
    return this.#dispute.disputed;
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
    return gaugesOf(this.#peers, this.#local, this.#membership.dialsPerSecond(this.#now));
  }

  peer(
    id: MemberId,
  ): Pick<Peer, 'isConnected' | 'isGreeted' | 'addresses' | 'whereabouts' | 'rttMs' | 'version'> | undefined {
    return this.#peers.get(id);
  }

  /** `now`: ms of a clock that never goes back. */
  step(input: Input, now: number): Effects {
    const step = new Step(now);
    const { effects } = step;
    this.#now = now;
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
        this.#membership.connected(input.peer, input.from, this.#hello(step), step);
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
      case 'configured':
        this.#configure(input.seeds, input.order, step);
        break;
      case 'generation-kept':
        this.#beginGeneration(input.generation, step);
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

  #configure(seeds: readonly string[], order: OwnerPolicy, step: Step): void {
    this.#seeds.replace(seeds, step.now);
    if (order === this.#order) return;
    this.#order = order;
    this.#local.order = order;
    step.effects.changed(this.directory.orderBy(ownerOrder(order, this.#options.profile.zone)));
  }

  #leave(step: Step): void {
    this.#local.flush(step, true);
    const leave: Leave = { kind: 'leave', generation: this.#local.position.generation };
    step.effects.broadcasts.push(leave);
    for (const peer of this.#peers.greeted()) step.effects.send(peer.id, leave);
    this.#hasLeft = true;
  }

  #tick(askedFor: number | null, step: Step): void {
    this.#peers.tick(step.now);
    this.#lateness.tick(step.now, askedFor);
    this.#lastTickAt = step.now;
    this.#local.flushDue(step);
    this.#retelling.tick(step);
    this.directory.sweep(SWEPT_PER_TICK);
    this.#repair.work(step);
    this.#heartbeats.tick(step);
    if (this.#rosterPace.isDue(step.now)) this.#tellRoster(step);
    this.#membership.tickBegins();
    for (const peer of this.#peers) {
      this.#membership.tick(peer, step);
      this.#repair.pullIfBehind(peer, false, step);
    }
    this.#introductions.tick(step);
    this.#secondHand.tick(step);
    this.#membership.dial(step);
    this.#judgeIdentity(step);
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

  #judgeIdentity(step: Step): void {
    const before = this.disputed;
    const witnesses = [...this.#peers].filter((peer) => peer.isWitness(step.now)).map(({ id }) => id);
    const generation = this.#dispute.judge(this.generation, witnesses, step.now);
    const { disputed } = this;
    if ((before === null) !== (disputed === null)) step.effects.changedMembers.add(this.self);
    if (disputed !== null) {
      const heardFrom = disputed.by.map((id) => this.#peers.nameOf(id));
      this.#penalties.twinOfSelf(this.generation, disputed.generation, heardFrom, step);
    } else if (before !== null)
      step.effects.log('info', 'identity key is no longer disputed', { member: this.self });
    if (generation === null || this.#generationAsked !== null) return;
    this.#generationAsked = generation;
    step.effects.generation = generation;
  }

  #beginGeneration(generation: number, step: Step): void {
    this.#generationAsked = null;
    const ownGeneration = this.generation;
    if (generation <= ownGeneration) return;
    this.#local.beginGeneration(generation, step);
    this.#dispute.taken(step.now);
    this.#reachability.beginGeneration(generation);
    this.#retelling.beginGeneration();
    step.effects.changedMembers.add(this.self);
    step.effects.log('warn', 'newer generation taken', {
      member: this.self,
      ownGeneration,
      generation,
      reason:
        'others keep a generation of this member that is newer than its own, and hear nobody of that one',
    });
    for (const peer of this.#peers) {
      peer.holds = 0;
      if (!peer.isConnected) continue;
      step.effects.send(peer.id, this.#hello(step));
      // What the older generation asked for was not answered.
      peer.follower.abandon();
      this.#repair.pullIfBehind(peer, true, step);
    }
  }

  /** Whoever stalled heard nobody; that is nobody else's fault. */
  #excuseOwnStall(step: Step): void {
    const stalledMs = step.now - this.#lastTickAt - TICK_MS;
    if (stalledMs < STALL_MS) return;
    this.#lastTickAt = step.now;
    if (stalledMs >= HUSH_FROM_MS) this.#hushUntil = step.now + HUSH_MS;
    // A loop that is always late has leeway for that, and hears others between.
    this.#peers.excuse(Math.max(0, stalledMs - this.#lateness.ms), step.now);
    this.#dispute.excuse(stalledMs);
    if (!this.#stallWarning.take(step.now)) return;
    step.effects.log('warn', 'event loop stalled', {
      stalledMs: Math.round(stalledMs),
      reason: 'its event loop was blocked, or the process was not run',
    });
  }

  #hello(step: Step): Hello {
    return {
      kind: 'hello',
      name: this.#local.profile.name,
      program: this.#local.profile.program,
      position: this.#local.position,
      addresses: this.addresses,
      members: this.#peers.roster(step.now),
      order: this.#order,
      speaks: this.#speaks,
    };
  }

  #tellRoster(step: Step): void {
    this.#rosterPace.told(step.now, this.#options.random());
    const greeted = this.#peers.greeted();
    const one = greeted[Math.floor(this.#options.random() * greeted.length)];
    if (one) step.effects.send(one.id, { kind: 'roster', members: this.#peers.roster(step.now) });
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
        this.#membership.dialFailed(peer, input.reason, input.startedAt ?? peer.redial.startedAt, step);
        break;
      case 'offence':
        this.#penalties.offence(peer, input.reason, step);
        break;
    }
  }

  #direct(peer: Peer, message: DirectMessage, step: Step): void {
    if (!peer.isConnected) return;
    if (message.kind === 'hello' || message.kind === 'roster')
      this.#membership.heardOfSelf(message.members, peer, step);
    const start = startOf(message, peer);
    if (start !== null && start < this.directory.position(peer.id).generation) {
      this.#membership.heardOlder(peer, start, step);
      return;
    }
    if (message.kind === 'hello') {
      if (!settleVersion(this.#speaks, message, peer, step)) return;
      this.#membership.heardHello(peer, message, step);
      checkOrder(this.#order, message.order, peer, this.#peers, step);
    }
    if (message.kind === 'leave') this.#membership.heardLeave(peer, message.generation, step);
    if (!peer.isGreeted || peer.hasLeft) return;
    this.#membership.heard(peer, message, step);
    switch (message.kind) {
      case 'heartbeat':
        this.#heardHeartbeat(peer, message, step);
        break;
      case 'roster':
        this.#membership.heardRoster(message.members, peer, step);
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
    const proof = peer.heartbeats.heard(heartbeat, this.#lateness.ms, step.now);
    // Where two hold one identity, heartbeats reach one or the other: echoes prove little, and the start is told here.
    const isShared = peer.isOlderAbout(step.now);
    if (isShared) peer.detector.spoke(step.now);
    else if (proof !== null) peer.detector.spoke(proof.saidAt);
    // The answer tells its sender already that it is heard again.
    this.#reachability.note(peer, step.now);
    this.directory.setLoad(peer.id, heartbeat.load);
    this.#repair.take(peer, peer.follower.told(heartbeat.position, step.now), step);
    const isAwaited = this.#reachability.heard(
      peer,
      heartbeat,
      proof,
      isShared || this.disputed !== null,
      step.now,
    );
    if (heartbeat.hears !== undefined && peer.word !== null)
      this.#acquaintances.heardBy(peer.word.starts, peer, step);
    this.#heartbeats.answer(peer, isAwaited, step);
    this.#heartbeats.follow(peer, step);
    this.#membership.judgeUnheard(step);
    if (isShared) this.#membership.tellHolder(peer, 'newest', step);
  }

  /**
   * News count only of members met, or heard by others while they can't be met: the claims of the rest come with their own
   * hello.
   */
  #broadcast(author: MemberId, message: BroadcastMessage, signedBytes: Uint8Array, step: Step): void {
    const generation = message.kind === 'leave' ? message.generation : message.delta.generation;
    if (author === this.self) {
      if (generation > this.generation) this.#heardTwin(message, generation, step);
      return;
    }
    const isMet = this.#peers.get(author)?.isMet === true;
    if (!isMet && !this.#reachability.isWitnessed(author, generation, step.now)) return;
    const peer = this.#acquaintances.heardOf(author, step);
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

  /** Under this member's own signature, and not by this start of it. */
  #heardTwin(message: BroadcastMessage, generation: number, step: Step): void {
    if (message.kind === 'delta') this.#dispute.proved({ generation, version: message.delta.to }, step.now);
    this.#penalties.twinOfSelf(this.generation, generation, [], step);
  }

  #handedOn(words: HandedOn, step: Step): void {
    const owner = this.#secondHand.ownerOf(words, step);
    if (owner === null || !owner.isMet || words.message.delta.generation <= owner.leftGeneration) return;
    this.#news(owner, words.message, words.signedBytes, step);
  }
}
