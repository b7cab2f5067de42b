import {
  type Claim,
  Directory,
  type Entry,
  type Liveness,
  type LogPosition,
  type MemberId,
  type MemberLoad,
  type MemberProfile,
  NO_LOAD,
  OwnLog,
} from '@headwater/directory';
import { Answer } from './answer.js';
import { Effects } from './effects.js';
import type { Patience } from './failure-detector.js';
import type { Taken } from './follower.js';
import type { Input, Whereabouts } from './input.js';
import {
  CUT_OFF_MS,
  GONE_KEPT_MS,
  HELLO_DEADLINE_MS,
  MEMBERS_MAX,
  POLITE_DIAL_MS,
  RELEASES_MAX,
  ROSTER_INTERVAL_MS,
  STALL_MS,
  STREAMS_PER_MEMBER_MAX,
  TICK_MS,
  TWIN_GRACE_MS,
} from './limits.js';
import type {
  Acquaintance,
  BroadcastMessage,
  DirectMessage,
  Heartbeat,
  Hello,
  Leave,
  Pull,
} from './messages.js';
import { Outbox } from './outbox.js';
import { Peer } from './peer.js';
import { roster } from './roster.js';
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
  /** 0 <= random() < 1; a seeded one makes a run repeatable. */
  readonly random: () => number;
}

/**
 * One member of the mesh as a state machine: each input gives the effects that the shell must carry out. It has no
 * sockets, timers, clock or randomness of its own, so a simulator can run many of them with a virtual clock.
 *
 * The rules, each in its own file: who is dialled when (`redial`, `seeds`), who is believed to be alive
 * (`failure-detector`), how changes go out (`outbox`) and come in (`follower`, `answer`), who is cut off (`offences`).
 */
export class MemberCore {
  readonly self: MemberId;
  readonly directory: Directory;
  readonly #options: CoreOptions;
  readonly #log: OwnLog;
  readonly #outbox: Outbox;
  readonly #seeds: Seeds;
  readonly #peers = new Map<MemberId, Peer>();
  #load: MemberLoad = NO_LOAD;
  #lastTickAt: number;
  #heartbeatAt: number;
  #rosterAt: number;
  #pulls = 0;
  #hasMet = false;
  #isSynced = false;
  #hasLeft = false;
  #twinToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: CoreOptions, now: number) {
    this.self = options.self;
    this.#options = options;
    const limits = { membersMax: MEMBERS_MAX, streamsPerMemberMax: STREAMS_PER_MEMBER_MAX };
    this.directory = new Directory(options.self, options.profile, limits);
    this.#log = new OwnLog(options.self, options.generation, RELEASES_MAX);
    this.#outbox = new Outbox(this.#log, options.batchMs);
    this.#seeds = new Seeds(options.seeds, now);
    this.#lastTickAt = now;
    this.#heartbeatAt = now + options.heartbeatMs * options.random();
    this.#rosterAt = now + ROSTER_INTERVAL_MS * options.random();
    this.#own(this.#log.setProfile(options.profile), new Effects());
  }

  /** Where others can dial this member. */
  get addresses(): readonly string[] {
    return this.#options.addresses;
  }

  /** This member's own log. */
  get position(): LogPosition {
    return { generation: this.#log.generation, version: this.#log.version };
  }

  /** Gathered changes go out then: the shell ticks at this time too, beside each `TICK_MS`; null: none. */
  get flushAt(): number | null {
    return this.#outbox.dueAt;
  }

  /** Reached another member since the start, or has no seed but itself. */
  get isJoined(): boolean {
    return this.#hasMet || this.#seeds.isAlone;
  }

  /** Held the whole log of everybody it knew of when it joined. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** What it waits for, as a sentence; null where it is joined and synced. */
  get waitingFor(): string | null {
    if (!this.isJoined) return `no seed has answered yet (${this.#seeds.unreached.join('; ')})`;
    if (this.#isSynced) return null;
    const names = [...this.#peers.values()]
      .filter((peer) => !isSettled(peer))
      .map((peer) => this.#nameOf(peer.id));
    return names.length > 0
      ? `the streams of ${names.join(', ')} are still on their way`
      : 'the first look at the mesh is not finished';
  }

  peer(
    id: MemberId,
  ): { isConnected: boolean; addresses: readonly string[]; rttMs: number | null } | undefined {
    const peer = this.#peers.get(id);
    return peer && { isConnected: peer.isConnected, addresses: peer.addresses, rttMs: peer.rttMs };
  }

  /** `now`: ms of a clock that never goes back. */
  step(input: Input, now: number): Effects {
    const effects = new Effects();
    if (this.#hasLeft) return effects;
    switch (input.kind) {
      case 'tick':
        this.#tick(now, effects);
        break;
      case 'connected':
        this.#connected(this.#peerFor(input.peer, now), input.from, now, effects);
        break;
      case 'disconnected':
        this.#disconnected(input.peer, input.reason, now, effects);
        break;
      case 'dial-failed':
        this.#dialFailed(input.peer, input.reason, now, effects);
        break;
      case 'seed-visited':
        if (this.#seeds.visited(input.seed, input.outcome, now, this.#options.random()))
          logSeed(input.seed, input.outcome.failure, input.outcome.isSelf, effects);
        break;
      case 'direct':
        this.#direct(input.peer, input.message, now, effects);
        break;
      case 'broadcast':
        this.#broadcast(input.author, input.message, now, effects);
        break;
      case 'offence':
        this.#offence(this.#peers.get(input.peer), input.reason, now, effects);
        break;
      case 'claim':
        this.#claim(input.claim, now, effects);
        break;
      case 'release':
        this.#change(this.#log.release(input.key), now, effects);
        break;
      case 'profile':
        this.#change(this.#log.setProfile(input.profile), now, effects);
        effects.changedMembers.add(this.self);
        break;
      case 'load':
        this.#load = input.load;
        this.directory.setLoad(this.self, input.load);
        break;
      case 'leave':
        this.#leave(now, effects);
        break;
    }
    return effects;
  }

  // Own changes

  #claim(claim: Claim, now: number, effects: Effects): void {
    if (!this.#log.has(claim.key) && this.#log.size >= STREAMS_PER_MEMBER_MAX) {
      effects.log('error', 'stream not claimed', {
        stream: claim.key,
        reason: `this member claims ${STREAMS_PER_MEMBER_MAX} streams already, the most that one member may`,
      });
      return;
    }
    this.#change(this.#log.claim(claim), now, effects);
  }

  #change(entry: Entry | null, now: number, effects: Effects): void {
    if (entry === null) return;
    this.#own(entry, effects);
    this.#flush(now, effects);
  }

  #own(entry: Entry, effects: Effects): void {
    this.#outbox.put(entry);
    const { generation } = this.#log;
    const from = entry.version - 1;
    effects.changed(
      this.directory.apply({ member: this.self, generation, from, to: entry.version, entries: [entry] })
        .changed,
    );
  }

  #flush(now: number, effects: Effects): void {
    if (this.#outbox.dueAt === null || this.#outbox.dueAt > now) return;
    for (const delta of this.#outbox.flush(now)) effects.broadcasts.push({ kind: 'delta', delta });
  }

  #leave(now: number, effects: Effects): void {
    for (const delta of this.#outbox.flush(now)) effects.broadcasts.push({ kind: 'delta', delta });
    const leave: Leave = { kind: 'leave', generation: this.#log.generation };
    effects.broadcasts.push(leave);
    for (const peer of this.#peers.values()) if (peer.isConnected) effects.send(peer.id, leave);
    this.#hasLeft = true;
  }

  // Time

  #tick(now: number, effects: Effects): void {
    this.#excuseOwnStall(now, effects);
    this.#flush(now, effects);
    if (now >= this.#heartbeatAt) this.#heartbeat(now, effects);
    if (now >= this.#rosterAt) this.#tellRoster(now, effects);
    for (const seed of this.#seeds.due(now)) effects.visits.push(seed);
    for (const peer of this.#peers.values()) {
      this.#judge(peer, now, effects);
      this.#dialIfDue(peer, now, effects);
      this.#pullIfBehind(peer, false, now, effects);
      if (peer.connectedAt !== null && !peer.isGreeted && now - peer.connectedAt >= HELLO_DEADLINE_MS)
        effects.disconnects.push({ peer: peer.id, reason: 'no-hello', refuseMs: 0 });
      if (peer.goneAt !== null && now - peer.goneAt >= GONE_KEPT_MS) this.#forget(peer, effects);
    }
    this.#noteSynced();
  }

  /** Who stood still heard nobody; that is nobody else's fault. */
  #excuseOwnStall(now: number, effects: Effects): void {
    const lateMs = now - this.#lastTickAt - TICK_MS;
    this.#lastTickAt = now;
    if (lateMs < STALL_MS) return;
    for (const peer of this.#peers.values()) {
      peer.detector.excuse(lateMs + TICK_MS, now);
      peer.follower.excuse(lateMs + TICK_MS);
    }
    effects.log('warn', 'this member stood still', {
      stalledMs: Math.round(lateMs),
      reason: 'the event loop or the whole process was not run',
    });
  }

  #heartbeat(now: number, effects: Effects): void {
    const { heartbeatMs } = this.#options;
    this.#heartbeatAt = Math.max(this.#heartbeatAt + heartbeatMs, now + heartbeatMs / 2);
    for (const peer of this.#peers.values()) {
      if (!peer.isGreeted) continue;
      const echo =
        peer.lastSentAt === null
          ? null
          : { sentAt: peer.lastSentAt, heldMs: Math.max(0, now - peer.lastSentReceivedAt) };
      const heartbeat: Heartbeat = {
        kind: 'heartbeat',
        position: this.#sentPosition(),
        load: this.#load,
        sentAt: now,
        echo,
      };
      effects.send(peer.id, heartbeat);
    }
  }

  /** What the others can have: changes still gathered are not missed by anybody yet. */
  #sentPosition(): LogPosition {
    return { generation: this.#log.generation, version: this.#outbox.sentVersion };
  }

  #tellRoster(now: number, effects: Effects): void {
    this.#rosterAt = now + ROSTER_INTERVAL_MS * (0.5 + this.#options.random());
    const greeted = [...this.#peers.values()].filter((peer) => peer.isGreeted);
    const one = greeted[Math.floor(this.#options.random() * greeted.length)];
    if (one) effects.send(one.id, { kind: 'roster', members: this.#roster() });
  }

  #roster(): readonly Acquaintance[] {
    const known = [...this.#peers.values()]
      .filter((peer) => peer.leftGeneration === 0 && peer.addresses.length > 0)
      .map(({ id, addresses }) => ({ id, position: this.directory.position(id), addresses }));
    return roster(known, this.#options.random());
  }

  #noteSynced(): void {
    if (!this.#isSynced && this.isJoined) this.#isSynced = [...this.#peers.values()].every(isSettled);
  }

  // Connections

  #connected(peer: Peer, from: Whereabouts, now: number, effects: Effects): void {
    peer.connected(from, now);
    const hello: Hello = {
      kind: 'hello',
      program: this.#options.profile.program,
      position: this.position,
      addresses: this.#options.addresses,
      members: this.#roster(),
    };
    effects.send(peer.id, hello);
  }

  #disconnected(id: MemberId, reason: string, now: number, effects: Effects): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    const wasGreeted = peer.isGreeted;
    peer.connectedAt = null;
    peer.isGreeted = false;
    peer.answer = null;
    peer.lastSentAt = null;
    peer.follower.abandon();
    peer.detector.lost(now);
    this.#seeds.lost(id, now);
    if (wasGreeted && peer.goneAt === null)
      effects.log('info', 'connection with member lost', { ...this.#naming(id), reason });
    this.#judge(peer, now, effects);
    if (peer.isMet) peer.redial.hasten(now);
    this.#dialIfDue(peer, now, effects);
  }

  #dialFailed(id: MemberId, reason: string, now: number, effects: Effects): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || peer.isConnected) return;
    peer.redial.failed(now, this.#options.random());
    peer.detector.unreachable();
    effects.log('debug', 'member not reached', { ...this.#naming(id), addresses: peer.addresses, reason });
    this.#judge(peer, now, effects);
  }

  #dialIfDue(peer: Peer, now: number, effects: Effects): void {
    if (peer.isConnected || peer.leftGeneration > 0 || now < peer.refusedUntil || peer.addresses.length === 0)
      return;
    if (!peer.redial.isDue(now)) return;
    peer.redial.started(now);
    effects.dials.push({ peer: peer.id, addresses: peer.addresses });
  }

  // Membership

  #peerFor(id: MemberId, now: number): Peer {
    const known = this.#peers.get(id);
    if (known) return known;
    const peer = new Peer(id, this.directory, this.#options, now, now);
    this.#peers.set(id, peer);
    return peer;
  }

  /** Others' word about who is there: a reason to dial, and no more than that. */
  #learn(members: readonly Acquaintance[], from: MemberId, now: number, effects: Effects): void {
    for (const { id, position, addresses } of members) {
      if (id === this.self) {
        if (position.generation > this.#log.generation)
          this.#tellTwin(position.generation, from, now, effects);
        continue;
      }
      const known = this.#peers.get(id);
      if (known) {
        known.heardOf(addresses);
      } else if (this.#makeRoom()) {
        // Both learn of each other at about the same time; one connection is enough.
        const patienceMs = this.self < id ? 0 : POLITE_DIAL_MS * (1 + this.#options.random());
        const peer = new Peer(id, this.directory, this.#options, now + patienceMs, now);
        peer.heardOf(addresses);
        this.#peers.set(id, peer);
        this.#dialIfDue(peer, now, effects);
      }
    }
  }

  /** Hearsay never pushes out a member that was met. */
  #makeRoom(): boolean {
    if (this.#peers.size < MEMBERS_MAX) return true;
    for (const peer of this.#peers.values()) {
      if (peer.isMet || peer.isConnected || !peer.redial.isTried) continue;
      this.#peers.delete(peer.id);
      return true;
    }
    return false;
  }

  #hello(peer: Peer, hello: Hello, now: number, effects: Effects): void {
    const held = this.directory.position(peer.id);
    const { generation } = hello.position;
    // Late words of an earlier life, or of one that has left already.
    if (generation < held.generation || generation <= peer.leftGeneration) return;
    const isNew = !peer.isMet || generation > held.generation;
    if (isNew) peer.generationSince = now;
    peer.leftGeneration = 0;
    peer.announced(hello.addresses);
    this.#take(peer, peer.follower.told(hello.position, now), now, effects);
    if (this.directory.member(peer.id) === undefined) {
      effects.disconnects.push({ peer: peer.id, reason: 'too-many-members', refuseMs: CUT_OFF_MS });
      effects.log('error', 'member refused', {
        member: peer.id,
        reason: `${MEMBERS_MAX} members are known already`,
      });
      return;
    }
    if (!peer.isMet) this.#believe(peer, 'dead', effects);
    peer.isMet = true;
    peer.isGreeted = true;
    this.#hasMet = true;
    peer.detector.heard(now);
    this.#learn(hello.members, peer.id, now, effects);
    this.#judge(peer, now, effects);
    this.#pullIfBehind(peer, true, now, effects);
    this.#noteSynced();
  }

  #heardHeartbeat(peer: Peer, heartbeat: Heartbeat, now: number, effects: Effects): void {
    if (heartbeat.position.generation < this.directory.position(peer.id).generation) {
      if (now - peer.generationSince > TWIN_GRACE_MS)
        this.#offence(peer, 'two members use the same identity key', now, effects);
      return;
    }
    peer.lastSentAt = heartbeat.sentAt;
    peer.lastSentReceivedAt = now;
    if (heartbeat.echo) peer.rttMs = Math.max(0, now - heartbeat.echo.sentAt - heartbeat.echo.heldMs);
    this.directory.setLoad(peer.id, heartbeat.load);
    this.#take(peer, peer.follower.told(heartbeat.position, now), now, effects);
  }

  #heardLeave(peer: Peer, generation: number, now: number, effects: Effects): void {
    if (generation < this.directory.position(peer.id).generation || generation <= peer.leftGeneration) return;
    peer.leftGeneration = generation;
    peer.follower.abandon();
    this.#believe(peer, 'left', effects);
    peer.goneAt = now;
  }

  #tellTwin(generation: number, from: MemberId, now: number, effects: Effects): void {
    if (now - this.#twinToldAt < ROSTER_INTERVAL_MS * 12) return;
    this.#twinToldAt = now;
    effects.log('error', 'another member uses this identity key', {
      ...this.#naming(this.self),
      ownGeneration: this.#log.generation,
      otherGeneration: generation,
      heardFrom: this.#nameOf(from),
      reason:
        'two running origins have the same identity key, or the clock and the kept generation went back',
      hint: 'give each origin its own dataDir; remove the identity key from the copied one and restart it',
    });
  }

  /** Draws the conclusions from what the detector says. */
  #judge(peer: Peer, now: number, effects: Effects): void {
    if (!peer.isMet || peer.leftGeneration > 0) return;
    const liveness = peer.isGreeted || peer.goneAt === null ? peer.detector.signal(now) : 'dead';
    if (liveness === this.directory.member(peer.id)?.liveness) return;
    this.#believe(peer, liveness, effects);
    peer.goneAt = liveness === 'dead' ? (peer.goneAt ?? now) : null;
    if (liveness !== 'dead') return;
    peer.follower.abandon();
    // A hung connection heals late or never; a new one tells at once when the member is back.
    if (peer.isConnected) effects.disconnects.push({ peer: peer.id, reason: 'silent', refuseMs: 0 });
  }

  #believe(peer: Peer, liveness: Liveness, effects: Effects): void {
    const before = this.directory.member(peer.id)?.liveness;
    if (before === liveness) return;
    effects.changed(this.directory.setLiveness(peer.id, liveness));
    effects.changedMembers.add(peer.id);
    if (peer.isMet)
      effects.log(
        liveness === 'alive' || liveness === 'left' ? 'info' : 'warn',
        `member ${liveness}`,
        this.#naming(peer.id),
      );
  }

  #forget(peer: Peer, effects: Effects): void {
    effects.changed(this.directory.forget(peer.id));
    effects.changedMembers.add(peer.id);
    peer.goneAt = null;
    peer.isMet = false;
    peer.wasSynced = false;
    // Who left comes by itself when it comes back; who died is dialled for ever.
    if (peer.leftGeneration > 0) this.#peers.delete(peer.id);
  }

  // Words of others

  #direct(id: MemberId, message: DirectMessage, now: number, effects: Effects): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || !peer.isConnected) return;
    if (message.kind === 'hello') return this.#hello(peer, message, now, effects);
    if (message.kind === 'leave') return this.#heardLeave(peer, message.generation, now, effects);
    if (!peer.isGreeted || peer.leftGeneration > 0) return;
    peer.detector.heard(now);
    switch (message.kind) {
      case 'heartbeat':
        this.#heardHeartbeat(peer, message, now, effects);
        break;
      case 'roster':
        this.#learn(message.members, id, now, effects);
        break;
      case 'pull':
        this.#answer(peer, message, now, effects);
        break;
      case 'more':
        this.#answerMore(peer, message.pull, effects);
        break;
      case 'delta-part':
      case 'snapshot-part': {
        if (message.kind === 'delta-part' && message.delta.member !== id)
          return this.#offence(peer, 'spoke for another member', now, effects);
        const taken = peer.follower.part(message, now);
        this.#take(peer, taken, now, effects);
        if (taken.more) effects.send(id, { kind: 'more', pull: message.pull });
        this.#pullIfBehind(peer, true, now, effects);
        break;
      }
    }
    this.#judge(peer, now, effects);
  }

  /** News count only of members met: others' claims come with their own hello. */
  #broadcast(author: MemberId, message: BroadcastMessage, now: number, effects: Effects): void {
    const generation = message.kind === 'leave' ? message.generation : message.delta.generation;
    if (author === this.self) {
      if (generation > this.#log.generation) this.#tellTwin(generation, author, now, effects);
      return;
    }
    const peer = this.#peers.get(author);
    if (peer === undefined || !peer.isMet || generation <= peer.leftGeneration) return;
    if (message.kind === 'leave') return this.#heardLeave(peer, generation, now, effects);
    if (message.delta.member !== author) return this.#offence(peer, 'spoke for another member', now, effects);
    this.#take(peer, peer.follower.news(message.delta, now), now, effects);
  }

  #take(peer: Peer, taken: Taken, now: number, effects: Effects): void {
    effects.changed(taken.changed);
    if (taken.isProfileNew) effects.changedMembers.add(peer.id);
    if (taken.isRefused) this.#offence(peer, 'claims more streams than one member may', now, effects);
    if (peer.isGreeted && !peer.follower.isBehind) peer.wasSynced = true;
  }

  #pullIfBehind(peer: Peer, isUrgent: boolean, now: number, effects: Effects): void {
    if (!peer.isGreeted) return;
    const pull = peer.follower.nextPull(this.#pulls + 1, isUrgent, now);
    if (pull === null) return;
    this.#pulls += 1;
    effects.send(peer.id, pull);
  }

  #answer(peer: Peer, pull: Pull, now: number, effects: Effects): void {
    if (!peer.mayPull(now)) return this.#offence(peer, 'asks for repair too often', now, effects);
    if (pull.held.generation > this.#log.generation) {
      this.#tellTwin(pull.held.generation, peer.id, now, effects);
    }
    peer.answer = new Answer(this.#log, pull);
    this.#answerMore(peer, pull.pull, effects);
  }

  #answerMore(peer: Peer, pull: number, effects: Effects): void {
    if (peer.answer?.pull !== pull) return;
    const parts = peer.answer.next();
    for (const part of parts) effects.send(peer.id, part);
    if (parts.at(-1)?.last !== false) peer.answer = null;
  }

  #offence(peer: Peer | undefined, reason: string, now: number, effects: Effects): void {
    if (peer === undefined) return;
    const verdict = peer.offences.add(now);
    const fields = {
      ...this.#naming(peer.id),
      addresses: peer.addresses,
      reason,
      offences: peer.offences.total,
    };
    if (verdict === 'log') effects.log('warn', 'message dropped', fields);
    if (verdict !== 'cut-off') return;
    peer.refusedUntil = now + CUT_OFF_MS;
    effects.log('error', 'member cut off', { ...fields, refusedMs: CUT_OFF_MS });
    effects.disconnects.push({ peer: peer.id, reason: 'cut-off', refuseMs: CUT_OFF_MS });
  }

  #nameOf(id: MemberId): string {
    return this.directory.member(id)?.profile?.name ?? id;
  }

  #naming(id: MemberId): { member: MemberId; name: string | undefined } {
    return { member: id, name: this.directory.member(id)?.profile?.name };
  }
}

/** Nothing more will come of it at first: held whole, tried without success, or gone. */
const isSettled = (peer: Peer): boolean =>
  peer.wasSynced ||
  peer.goneAt !== null ||
  peer.leftGeneration > 0 ||
  (!peer.isConnected && peer.redial.isTried);

function logSeed(seed: string, failure: string | undefined, isSelf: boolean, effects: Effects): void {
  if (failure !== undefined) effects.log('warn', 'seed not reached', { seed, reason: failure });
  else if (isSelf) effects.log('debug', 'seed is this member', { seed });
  else effects.log('info', 'seed reached', { seed });
}
