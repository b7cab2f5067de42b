import {
  Directory,
  type MemberId,
  type MemberProfile,
  type OwnerPolicy,
  ownerOrder,
} from '@headwater/directory';
import { Conduct } from './conduct.js';
import { Effects } from './effects.js';
import type { Patience } from './failure-detector.js';
import { type Gauges, gaugesOf } from './gauges.js';
import { Heartbeats } from './heartbeats.js';
import type { Input, SeedOutcome } from './input.js';
import {
  MEMBERS_MAX,
  STALL_MS,
  STREAMS_PER_MEMBER_MAX,
  SWEPT_PER_TICK,
  TICK_MS,
  TWIN_GRACE_MS,
} from './limits.js';
import { isSettled, Membership } from './membership.js';
import type { BroadcastMessage, DirectMessage, Heartbeat, Hello, Leave } from './messages.js';
import { checkOrder } from './order-check.js';
import { OwnWords } from './own-words.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Repair } from './repair.js';
import { RosterPace } from './roster-pace.js';
import { type HandedOn, SecondHand } from './second-hand.js';
import { Seeds } from './seeds.js';

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
  /** 0 <= random() < 1; a seeded one makes a run repeatable. */
  readonly random: () => number;
}

/**
 * One member of the mesh as a state machine: each input gives the effects that the shell must carry out. It has no
 * sockets, timers, clock or randomness of its own, so a simulator can run many of them with a virtual clock.
 *
 * The rules are in files of their own: who is there (`membership`, `peers`, `seeds`, `redial`, `failure-detector`), how
 * changes go out (`own-words`, `outbox`) and come in (`follower`, `repair`, `answer`), who is cut off (`conduct`, `offences`).
 */
export class MemberCore {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #options: CoreOptions;
  readonly #order: OwnerPolicy;
  readonly #words: OwnWords;
  readonly #seeds: Seeds;
  readonly #peers: Peers;
  readonly #conduct: Conduct;
  readonly #repair: Repair;
  readonly #secondHand: SecondHand;
  readonly #membership: Membership;
  #lastTickAt: number;
  readonly #heartbeats: Heartbeats;
  readonly #rosterPace: RosterPace;
  #isSynced = false;
  #hasLeft = false;

  constructor(options: CoreOptions, now: number) {
    const { self, generation, profile, order = 'primary', random } = options;
    this.self = self;
    this.#options = options;
    this.#order = order;
    const limits = { membersMax: MEMBERS_MAX, streamsPerMemberMax: STREAMS_PER_MEMBER_MAX };
    this.directory = new Directory(self, profile, limits, ownerOrder(order, profile.zone));
    this.#words = new OwnWords({ ...options, order }, this.directory, new Effects(), now);
    this.#seeds = new Seeds(options.seeds, now);
    this.#peers = new Peers(this.directory, options, random);
    this.#conduct = new Conduct(this.#peers, generation);
    this.#repair = new Repair(this.#words.log, this.#conduct);
    this.#secondHand = new SecondHand(this.#peers, this.#conduct, this.#repair, random);
    this.#membership = new Membership(
      this.#peers,
      this.#seeds,
      this.#repair,
      this.#conduct,
      generation,
      random,
    );
    this.#lastTickAt = now;
    this.#heartbeats = new Heartbeats(
      options.heartbeatMs,
      this.#peers,
      () => this.#words.state,
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
   * Gathered changes go out then, and work that is done in slices goes on at once: the shell ticks at this time too, beside
   * each `TICK_MS`; null: not needed.
   */
  get flushAt(): number | null {
    const isWorking = this.directory.isSweepDue || this.#repair.isWorking;
    return isWorking ? Number.NEGATIVE_INFINITY : this.#words.flushAt;
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
    if (!this.isJoined) return `no seed has answered yet (${this.#seeds.unreached.join('; ')})`;
    if (this.#isSynced) return null;
    const names = [...this.#peers]
      .filter((peer) => !isSettled(peer))
      .map((peer) => this.#peers.nameOf(peer.id));
    return `the streams of ${names.join(', ')} are still on their way`;
  }

  /** How much is held for others, beside the directory. */
  get gauges(): Gauges {
    return gaugesOf(this.#peers, this.#words);
  }

  peer(id: MemberId): Pick<Peer, 'isConnected' | 'addresses' | 'rttMs'> | undefined {
    return this.#peers.get(id);
  }

  /** `now`: ms of a clock that never goes back. */
  step(input: Input, now: number): Effects {
    const effects = new Effects();
    if (this.#hasLeft) return effects;
    const known = this.#peers.size;
    // Not only with the tick: after a standstill, what waited in the sockets may well come first.
    this.#excuseOwnStall(now, effects);
    switch (input.kind) {
      case 'tick':
        this.#tick(now, effects);
        break;
      case 'connected':
        this.#membership.connected(input.peer, input.from, this.#hello(), now, effects);
        break;
      case 'seed-visited':
        this.#seedVisited(input.seed, input.outcome, now, effects);
        break;
      case 'broadcast':
        this.#broadcast(input.author, input.message, input.sealed, now, effects);
        break;
      case 'handed-on':
        this.#handedOn(input, now, effects);
        break;
      case 'claim':
        this.#words.claim(input.claim, now, effects);
        break;
      case 'release':
        this.#words.release(input.key, now, effects);
        break;
      case 'profile':
        this.#words.setProfile(input.profile, now, effects);
        break;
      case 'load':
        this.#words.setLoad(input.load, now, effects);
        break;
      case 'leave':
        this.#leave(now, effects);
        break;
      default: {
        const peer = this.#peers.get(input.peer);
        if (peer !== undefined) this.#ofPeer(peer, input, now, effects);
      }
    }
    if (effects.changedMembers.size > 0 || this.#peers.size !== known) this.#rosterPace.hasten(now);
    this.#isSynced ||= this.isJoined && [...this.#peers].every(isSettled);
    return effects;
  }

  #leave(now: number, effects: Effects): void {
    this.#words.flush(now, effects, true);
    const leave: Leave = { kind: 'leave', generation: this.#words.position.generation };
    effects.broadcasts.push(leave);
    for (const peer of this.#peers.greeted()) effects.send(peer.id, leave);
    this.#hasLeft = true;
  }

  #tick(now: number, effects: Effects): void {
    this.#lastTickAt = now;
    this.#words.flushDue(now, effects);
    this.directory.sweep(SWEPT_PER_TICK);
    this.#repair.work(now, effects);
    this.#heartbeats.tick(now, effects);
    if (this.#rosterPace.isDue(now)) this.#tellRoster(now, effects);
    for (const seed of this.#seeds.due(now)) effects.visits.push(seed);
    for (const peer of this.#peers) {
      this.#membership.tick(peer, now, effects);
      this.#repair.pullIfBehind(peer, false, now, effects);
      this.#secondHand.askIfSuspect(peer, now, effects);
    }
  }

  /** Who stood still heard nobody; that is nobody else's fault. */
  #excuseOwnStall(now: number, effects: Effects): void {
    const sinceMs = now - this.#lastTickAt;
    if (sinceMs - TICK_MS < STALL_MS) return;
    this.#lastTickAt = now;
    for (const peer of this.#peers) {
      peer.detector.excuse(sinceMs, now);
      peer.follower.excuse(sinceMs);
      peer.redial.excuse(now);
    }
    effects.log('warn', 'this member stood still', {
      stalledMs: Math.round(sinceMs - TICK_MS),
      reason: 'its event loop was blocked, or the process was not run',
    });
  }

  #hello(): Hello {
    return {
      kind: 'hello',
      name: this.#words.profile.name,
      program: this.#words.profile.program,
      position: this.#words.position,
      addresses: this.addresses,
      members: this.#peers.roster(),
      order: this.#order,
    };
  }

  #tellRoster(now: number, effects: Effects): void {
    this.#rosterPace.told(now, this.#options.random());
    const greeted = this.#peers.greeted();
    const one = greeted[Math.floor(this.#options.random() * greeted.length)];
    if (one) effects.send(one.id, { kind: 'roster', members: this.#peers.roster() });
  }

  #seedVisited(seed: string, outcome: SeedOutcome, now: number, effects: Effects): void {
    const isNews = this.#seeds.visited(seed, outcome, now, this.#options.random());
    if (!isNews) return;
    if (outcome.failure !== undefined)
      effects.log('warn', 'seed not reached', { seed, reason: outcome.failure });
    else if (outcome.isSelf) effects.log('debug', 'seed is this member', { seed });
    else effects.log('info', 'seed reached', { seed });
  }

  // Words of others

  #ofPeer(
    peer: Peer,
    input: Extract<Input, { kind: 'direct' | 'disconnected' | 'dial-failed' | 'offence' }>,
    now: number,
    effects: Effects,
  ): void {
    switch (input.kind) {
      case 'direct':
        this.#direct(peer, input.message, now, effects);
        break;
      case 'disconnected':
        this.#membership.disconnected(peer, input.reason, now, effects);
        break;
      case 'dial-failed':
        this.#membership.dialFailed(peer, input.reason, now, effects);
        break;
      case 'offence':
        this.#conduct.offence(peer, input.reason, now, effects);
        break;
    }
  }

  #direct(peer: Peer, message: DirectMessage, now: number, effects: Effects): void {
    if (!peer.isConnected) return;
    if (message.kind === 'hello') {
      this.#membership.heardHello(peer, message, now, effects);
      checkOrder(this.#order, message.order, peer, this.#peers, effects);
    }
    if (message.kind === 'leave') this.#membership.heardLeave(peer, message.generation, now, effects);
    if (!peer.isGreeted || peer.leftGeneration > 0) return;
    peer.detector.heard(now);
    switch (message.kind) {
      case 'heartbeat':
        this.#heardHeartbeat(peer, message, now, effects);
        break;
      case 'roster':
        this.#membership.learn(message.members, peer, now, effects);
        break;
      case 'pull':
        this.#repair.heardPull(peer, message, now, effects);
        break;
      case 'more':
        this.#repair.heardMore(peer, message, effects);
        break;
      case 'ask':
        this.#secondHand.heardAsk(peer, message, now, effects);
        break;
      case 'words':
        this.#secondHand.heardWords(peer, message, now, effects);
        break;
      case 'delta-part':
      case 'snapshot-part':
        this.#repair.heardPart(peer, message, now, effects);
        break;
    }
    this.#membership.judge(peer, now, effects);
  }

  #heardHeartbeat(peer: Peer, heartbeat: Heartbeat, now: number, effects: Effects): void {
    const { generation } = heartbeat.position;
    if (generation < this.directory.position(peer.id).generation) {
      if (now - peer.generationSince > TWIN_GRACE_MS) this.#conduct.twins(peer, generation, now, effects);
      return;
    }
    peer.echo = { sentAt: heartbeat.sentAt, receivedAt: now };
    if (heartbeat.echo) peer.rttMs = Math.max(0, now - heartbeat.echo.sentAt - heartbeat.echo.heldMs);
    this.directory.setLoad(peer.id, heartbeat.load);
    this.#repair.take(peer, peer.follower.told(heartbeat.position, now), now, effects);
    this.#heartbeats.answer(peer, now, effects);
  }

  /** News count only of members met: the claims of others come with their own hello. */
  #broadcast(
    author: MemberId,
    message: BroadcastMessage,
    sealed: Uint8Array,
    now: number,
    effects: Effects,
  ): void {
    const generation = message.kind === 'leave' ? message.generation : message.delta.generation;
    if (author === this.self && generation > this.#words.position.generation)
      this.#conduct.twinOfSelf(generation, author, now, effects);
    const peer = this.#peers.get(author);
    if (peer === undefined || !peer.isMet || generation <= peer.leftGeneration) return;
    this.#words.heardOther(author, now);
    if (message.kind === 'leave') this.#membership.heardLeave(peer, generation, now, effects);
    else if (message.delta.member !== author)
      this.#conduct.offence(peer, 'spoke for another member', now, effects);
    else this.#secondHand.news(peer, message, sealed, now, effects);
  }

  #handedOn(words: HandedOn, now: number, effects: Effects): void {
    const owner = this.#secondHand.ownerOf(words, now, effects);
    if (owner === null || !owner.isMet || words.message.delta.generation <= owner.leftGeneration) return;
    this.#secondHand.news(owner, words.message, words.sealed, now, effects);
  }
}
