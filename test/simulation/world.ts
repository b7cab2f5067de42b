import {
  type Claim,
  claimsStand,
  type LogPosition,
  type MemberId,
  type MemberProfile,
  type OwnerPolicy,
  route,
  type StreamKey,
} from '@headwater/directory';
import { type CoreOptions, type Effects, type Input, MemberCore } from '@headwater/mesh/core';
import { Random } from '@headwater/testing/random';
import { slownessMs } from './checkers/reach.js';
import { Graves, isStanding } from './graves.js';
import { NEXT, PRESENT } from './language.js';
import { lyingAboutOthers } from './liar.js';
import { type Ending, Member, type MemberTraits } from './member.js';
import { Network, type Traffic } from './network/network.js';
import type { Machine } from './network/paths.js';
import type { Accusation, Advance, Belief, Violation } from './observations.js';
import type { Codec, Parcel } from './parcel.js';
import { RunningCore, type Watcher } from './running-core.js';
import { Sealing } from './seal.js';
import { Timeline } from './timeline.js';

export interface WorldOptions {
  readonly seed: number;
  readonly seeds: readonly string[];
  readonly codecShare: number;
  readonly order?: OwnerPolicy;
  /** All checkers are asked, also those for which the core is not ready yet. */
  readonly isStrict?: boolean;
  /** Makes each core; a test puts a broken one here. */
  readonly makeCore?: (options: CoreOptions, now: number) => MemberCore;
  /** Routes plays; as above. */
  readonly routeOf?: typeof route;
  /** Stands for signatures; as above. */
  readonly sealing?: Sealing;
  /** Every line of what happens. */
  readonly trace?: (line: string) => void;
}

/** Unix ms at the start of the simulation, for the members' wall clocks. */
const EPOCH_MS = 1_700_000_000_000;

/** Lines of the log that say that a member did what no well-behaved one does, or found no room. */
const ACCUSING: ReadonlySet<string> = new Set(['message dropped', 'member cut off', 'member refused']);

/** A member that stands still for no longer than this is never declared dead. */
export const STALL_EXCUSED_MS = 1_500;

/** Steps of all members in one virtual second: more than any burst takes; else they run in circles. */
const STEPS_PER_SECOND_MAX = 500_000;

/** The older twin is whole again so long after the other one is gone, ms; longer on slow paths, where a lost one is waited for. */
const TWIN_GONE_MS = 15_000;
/** What a member says that hears of another holder of its identity. */
const TWIN_HEARD = 'another member uses this identity key';

/** How far back it is known how far each member's log was, ms. */
const PAST_MS = 20_000;

/** Broadcasts that a hostile member may play again. */
const OVERHEARD_MAX = 300;

/** The members, the network between them, the truth, and what is known of the past. */
export class World implements Watcher {
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly network: Network<Parcel>;
  readonly members = new Map<MemberId, Member>();
  readonly violations: Violation[] = [];
  /** Since the last look of the checkers. */
  beliefs: Belief[] = [];
  advances: Advance[] = [];
  accusations: Accusation[] = [];
  /** What was broadcast last, as a hostile member may have kept it. */
  readonly overheard: Parcel[] = [];
  readonly graves = new Graves();
  /** Who was in the mesh when the last cut was healed; null before that. The others find it by its seeds, in their time. */
  inMesh: ReadonlySet<RunningCore> | null = null;
  /** Traffic of a time in which nothing happened, per member; null before that. */
  quiet: { readonly ms: number; readonly traffic: ReadonlyMap<MemberId, Traffic> } | null = null;
  steps = 0;
  /** Streams whose owners may have changed anywhere since the last look; null: any. */
  touched: ReadonlySet<StreamKey> | null = null;
  /** Times that the checkers looked. */
  looks = 0;
  /** Looks at once, at a moment worth it. */
  lookNow: () => void = () => {};
  readonly options: WorldOptions;
  readonly routeOf: typeof route;
  readonly sealing: Sealing;
  /** Copies of an identity that run. */
  readonly #twins = new Map<MemberId, RunningCore>();
  readonly #codec: Omit<Codec, 'language'>;
  readonly #starts: Random;
  #running: readonly RunningCore[] | null = null;
  /** Loops that were late, and are not any more. */
  readonly #late: { readonly lateMs: number; readonly until: number }[] = [];
  #before: LogPosition | null = null;
  #secondAt = 0;
  #stepsThisSecond = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.routeOf = options.routeOf ?? route;
    this.sealing = options.sealing ?? new Sealing();
    this.random = new Random(options.seed);
    this.#starts = Random.forIndex(options.seed, 0);
    this.#codec = { share: options.codecShare, random: this.random.fork() };
    this.network = new Network(this.timeline, this.random.fork(), (parcel) => parcel.bytes);
  }

  get now(): number {
    return this.timeline.now;
  }

  add(id: MemberId, profile: MemberProfile, wallSkewMs = 0, traits: MemberTraits = {}): Member {
    const member = new Member(id, profile, wallSkewMs, traits);
    this.members.set(id, member);
    return member;
  }

  member(id: MemberId): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  running(): readonly RunningCore[] {
    // Asked for at each step of each checker.
    this.#running ??= [...this.members.values()].flatMap(({ running }) => running ?? []);
    return this.#running;
  }

  /** Running members of good will, each the only one of its identity. */
  honest(): RunningCore[] {
    return this.running().filter(({ id }) => !this.isBeyondRules(id));
  }

  isHostile(id: MemberId): boolean {
    return this.members.get(id)?.isHostile === true;
  }

  /** Nothing is expected of it, or of what others think of it. */
  isBeyondRules(id: MemberId): boolean {
    const member = this.members.get(id);
    return member !== undefined && (member.isHostile || member.disputedUntil > this.now);
  }

  // Paths between members, as paths between their machines

  machineOf(id: MemberId): Machine {
    return this.members.get(id)?.machine ?? id;
  }

  /** `-Infinity` where it never was. */
  healedAt(from: MemberId, to: MemberId): number {
    return this.network.paths.healedAt(this.machineOf(from), this.machineOf(to)) ?? Number.NEGATIVE_INFINITY;
  }

  cutSince(from: MemberId, to: MemberId): number | null {
    return this.network.paths.cutSince(this.machineOf(from), this.machineOf(to));
  }

  /** `-Infinity` where it never was. */
  lastBrokenAt(a: MemberId, b: MemberId): number {
    return this.network.paths.lastBrokenAt(this.machineOf(a), this.machineOf(b)) ?? Number.NEGATIVE_INFINITY;
  }

  /** `-Infinity` where connections of the two never were reset. */
  lastResetAt(a: MemberId, b: MemberId): number {
    return this.network.lastResetAt(this.machineOf(a), this.machineOf(b)) ?? Number.NEGATIVE_INFINITY;
  }

  start(member: Member): void {
    if (member.running !== null || member.isRetired || member.isPortTaken) return;
    const generation = member.countStart(EPOCH_MS + this.now, () => this.#starts.fraction());
    member.claims.clear();
    member.claimedKeys.clear();
    this.trace(`start ${member.id} generation ${generation}`);
    member.running = this.#launch(member, generation, member.machine);
    this.#running = null;
    member.running.input({ kind: 'load', load: member.load });
  }

  /** A second process with the member's identity, newer by its generation, on a machine of its own. */
  startTwin(member: Member): void {
    if (member.running === null || this.#twins.has(member.id)) return;
    const generation = member.generationOfCopy(EPOCH_MS + this.now, () => this.#starts.fraction());
    this.trace(`start twin of ${member.id} generation ${generation}`);
    member.disputedUntil = Number.POSITIVE_INFINITY;
    member.twinGenerations.add(generation);
    this.#twins.set(member.id, this.#launch(member, generation, `twin of ${member.id}`));
  }

  endTwin(member: Member): void {
    const twin = this.#twins.get(member.id);
    if (twin === undefined) return;
    this.trace(`end twin of ${member.id}`);
    this.#twins.delete(member.id);
    member.disputedUntil = this.now + TWIN_GONE_MS + slownessMs(this);
    twin.crash(false);
  }

  #launch(member: Member, generation: number, machine: Machine): RunningCore {
    const { makeCore = (options: CoreOptions, now: number) => new MemberCore(options, now) } = this.options;
    const addresses = machine === member.machine ? member.addresses : [`${machine}:7946`];
    return new RunningCore(member.id, {
      timeline: this.timeline,
      random: this.random.fork(),
      codec: { ...this.#codec, language: member.isNextVersion ? NEXT : PRESENT },
      sealing: this.sealing,
      watcher: this,
      makeCore: (now, random) => {
        const core = makeCore({ ...this.#coreOptions(member, generation, random), addresses }, now);
        return member.isHostile ? lyingAboutOthers(core, random, this.sealing) : core;
      },
      attach: (host, events) =>
        this.network.attach(member.id, addresses, host, events, { machine, keys: member.keys }),
    });
  }

  end(member: Member, ending: Ending): void {
    const { running } = member;
    if (running === null) return;
    this.trace(`end ${member.id} ${ending}`);
    member.running = null;
    this.#running = null;
    this.#noteLate(running);
    member.lastGeneration = Math.max(member.lastGeneration, running.generation);
    const unnoticedBy = new Set(this.running().filter(({ endpoint }) => endpoint.hasStale(running.endpoint)));
    member.ended.push({ generation: running.generation, at: this.now, ending, core: running, unnoticedBy });
    if (ending === 'left') running.leave();
    else {
      running.crash(ending === 'silent');
      if (ending === 'silent') this.network.powerOff(member.machine);
    }
  }

  publish(member: Member, key: StreamKey, media: Claim['media'] = {}): void {
    if (member.running === null || member.running.isStalled) return;
    const before = member.claims.get(key);
    const sinceMs = before?.sinceMs ?? Math.max(0, EPOCH_MS + Math.floor(this.now) + member.wallSkewMs);
    this.#claim(member, { ...before, key, sinceMs, media });
  }

  /** The publisher sends nothing from now on, or sends again; it says so anew also where that is known. */
  setSilent(member: Member, key: StreamKey, isSilent: boolean): void {
    const before = member.claims.get(key);
    if (before === undefined || member.running === null || member.running.isStalled) return;
    const { silent: _, ...flowing } = before;
    this.#claim(member, isSilent ? { ...flowing, silent: true } : flowing);
  }

  unpublish(member: Member, key: StreamKey): void {
    if (member.running === null || member.running.isStalled) return;
    member.claims.delete(key);
    member.running.input({ kind: 'release', key });
  }

  /** Stands still for so long. */
  stall(member: Member, ms: number): void {
    if (member.running === null) return;
    this.trace(`stall ${member.id} ${Math.round(ms)} ms`);
    member.running.stall(ms);
    member.stalledAt = this.now;
    if (ms > STALL_EXCUSED_MS) member.hangs.push({ since: this.now, until: this.now + ms });
  }

  /** Each turn of its loop is so late from now on, ms; 0: none any more. */
  setLate(member: Member, ms: number): void {
    if (member.running === null) return;
    this.trace(`loop of ${member.id} is late by ${Math.round(ms)} ms`);
    this.#noteLate(member.running);
    member.running.setLate(ms);
  }

  /** How late the latest loop is, or was no longer ago than this, also where its member has ended; 0: none is. */
  lateMsWithin(ms: number): number {
    const before = this.#late.filter(({ until }) => this.now - until <= ms);
    return Math.max(0, ...this.running().map(({ lateMs }) => lateMs), ...before.map(({ lateMs }) => lateMs));
  }

  #noteLate({ lateMs }: RunningCore): void {
    if (lateMs > 0) this.#late.push({ lateMs, until: this.now });
  }

  setProfile(member: Member, profile: MemberProfile): void {
    if (member.running?.isStalled) return;
    member.profile = profile;
    member.running?.input({ kind: 'profile', profile });
  }

  run(ms: number, isOver?: () => boolean): void {
    this.timeline.runTo(this.now + ms, isOver);
  }

  violate(checker: string, what: string): void {
    this.violations.push({ checker, at: this.now, what });
  }

  trace(line: string): void {
    this.options.trace?.(`${(this.now / 1000).toFixed(4).padStart(9)}  ${line}`);
  }

  /** How far everybody's log is now, for those who ask later. */
  remember(): void {
    const running = this.running();
    for (const one of running) {
      one.states = [...one.core.directory.members()];
      one.gauges = one.core.gauges;
    }
    this.#noteTouched(running);
    for (const { running, past, id } of this.members.values()) {
      if (running !== null) past.push({ at: this.now, position: running.core.directory.position(id) });
      while ((past[0]?.at ?? this.now) < this.now - PAST_MS) past.shift();
    }
    for (const observer of running) this.#rememberStanding(observer);
  }

  #noteTouched(running: readonly RunningCore[]): void {
    const touched = new Set<StreamKey>();
    let areAll = false;
    for (const one of running) {
      const keys = one.touched.take();
      if (keys === null) areAll = true;
      else for (const key of keys) touched.add(key);
    }
    this.touched = areAll ? null : touched;
  }

  #rememberStanding(observer: RunningCore): void {
    const { standingSince, lastThrough, heldWhenLost, states } = observer;
    for (const { id, position, liveness, through } of states) {
      if (!claimsStand(liveness) || liveness === 'alive') lastThrough.delete(id);
      else if (through.length > 0) lastThrough.set(id, through);
      const lost = heldWhenLost.get(id);
      if (liveness !== 'unreachable') {
        if (lost?.backAt === null) heldWhenLost.set(id, { ...lost, backAt: this.now });
      } else if (lost?.backAt !== null) heldWhenLost.set(id, { position, backAt: null });
      if (!claimsStand(liveness)) standingSince.delete(id);
      else if (standingSince.get(id)?.generation !== position.generation)
        standingSince.set(id, { generation: position.generation, at: this.now });
    }
  }

  // What the running members show

  stepping(running: RunningCore, input: Input): void {
    const author = authorOf(input);
    this.#before = author === null ? null : running.core.directory.position(author);
  }

  stepped(running: RunningCore, input: Input, effects: Effects): void {
    this.steps += 1;
    this.#stepsThisSecond = this.now - this.#secondAt < 1_000 ? this.#stepsThisSecond + 1 : 0;
    if (this.#stepsThisSecond === 0) this.#secondAt = this.now;
    if (this.#stepsThisSecond > STEPS_PER_SECOND_MAX)
      this.violate('livelock', `more than ${STEPS_PER_SECOND_MAX} steps within a second`);
    for (const message of effects.broadcasts) {
      this.overheard.push({ author: running.id, message, encoded: null, bytes: 200 });
      if (this.overheard.length > OVERHEARD_MAX) this.overheard.shift();
    }
    const author = authorOf(input);
    if (author !== null && this.#before !== null && !this.#isTwin(running)) {
      this.#notePosition(running, author, this.#before);
      this.#noteCopy(running, author, this.#before);
    }
    for (const { msg, fields } of effects.facts) {
      if (ACCUSING.has(msg))
        this.accusations.push({
          observer: running.id,
          member: String(fields.member),
          what: `${msg}: ${fields.reason}`,
        });
      if (msg === TWIN_HEARD) this.#twinHeard(running, Number(fields.otherGeneration));
    }
    if (this.options.trace)
      for (const { level, msg, fields } of effects.facts)
        this.trace(`${running.id} ${level}: ${msg} ${JSON.stringify(fields)}`);
  }

  broken(running: RunningCore, error: unknown): void {
    this.violate('no-throw', `${running.id}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /**
   * Who stood still when a copy ended, or before it had noticed, finds that out only now. Until then it tells the older
   * holder that the copy is heard, which waits for that. Once it holds the copy for dead, no later standstill counts.
   */
  resumed(running: RunningCore): void {
    if (this.#isTwin(running)) return;
    for (const member of this.members.values())
      if (
        member.twinGenerations.has(running.core.directory.position(member.id).generation) &&
        isStanding(running, member.id)
      )
        this.#countAnew(member);
  }

  kept(running: RunningCore, generation: number): void {
    const member = this.member(running.id);
    if (this.#isTwin(running)) {
      member.twinGenerations.add(generation);
      return;
    }
    member.lastGeneration = Math.max(member.lastGeneration, generation);
    member.claimedKeys.clear();
    for (const key of member.claims.keys()) member.claimedKeys.add(key);
  }

  believed(running: RunningCore, member: MemberId, liveness: Belief['liveness']): void {
    if (this.#isTwin(running)) return;
    const { generation } = running.core.directory.position(member);
    this.beliefs.push({ at: this.now, observer: running.id, member, generation, liveness });
  }

  /** Who overheard a copy says its words again when it likes: time counts from then, once for each of its generations. */
  #twinHeard(running: RunningCore, generation: number): void {
    if (this.#isTwin(running) || running.twinsHeard.has(generation)) return;
    running.twinsHeard.add(generation);
    const member = this.member(running.id);
    // It never had one: it is told so by who means ill.
    if (member.disputedUntil === Number.NEGATIVE_INFINITY) return;
    this.#countAnew(member);
  }

  /**
   * The same words may come to somebody who never heard the copy. Signed words of a newer start show that it was there: who
   * hears them first takes it for alive until it is silent for long, and tells the older holder so, which waits for that.
   * Once for each of the copy's generations and each such member: said again to the same one they are no news.
   */
  #noteCopy({ core }: RunningCore, author: MemberId, before: LogPosition): void {
    const member = this.members.get(author);
    const { generation } = core.directory.position(author);
    if (generation === before.generation || member?.twinGenerations.has(generation) !== true) return;
    this.#countAnew(member);
  }

  /** From now on the older holder has as much time as if its copy ended now. */
  #countAnew(member: Member): void {
    member.disputedUntil = Math.max(member.disputedUntil, this.now + TWIN_GONE_MS + slownessMs(this));
  }

  #isTwin(running: RunningCore): boolean {
    return this.#twins.get(running.id) === running;
  }

  #claim(member: Member, claim: Claim): void {
    member.claims.set(claim.key, claim);
    member.claimedKeys.add(claim.key);
    member.running?.input({ kind: 'claim', claim });
  }

  #notePosition({ id, core }: RunningCore, member: MemberId, before: LogPosition): void {
    const after = core.directory.position(member);
    if (after.generation === before.generation && after.version === before.version) return;
    const truth = this.members.get(member);
    const newest = truth?.running?.core.directory.position(member) ?? {
      generation: truth?.lastGeneration ?? 0,
      version: Number.POSITIVE_INFINITY,
    };
    this.advances.push({ at: this.now, observer: id, member, before, after, newest });
  }

  #coreOptions(member: Member, generation: number, random: () => number): CoreOptions {
    return {
      self: member.id,
      generation,
      profile: member.profile,
      addresses: member.addresses,
      seeds: this.options.seeds,
      heartbeatMs: 800,
      suspectAfterMs: 1_800,
      deadAfterMs: 900,
      batchMs: 3,
      order: this.options.order ?? 'primary',
      random,
    };
  }
}

/** Whose words an input brings. */
function authorOf(input: Input): MemberId | null {
  if (input.kind === 'direct') return input.peer;
  return input.kind === 'broadcast' || input.kind === 'handed-on' ? input.author : null;
}
