import type { Liveness, LogPosition, MemberId, MemberState, StreamKey } from '@headwater/directory';
import {
  type BroadcastMessage,
  type Effects,
  type Fact,
  type Input,
  type MemberCore,
  TICK_MS,
} from '@headwater/mesh/core';
import type { Decoded } from '@headwater/mesh/wire';
import type { Random } from '@headwater/testing/random';
import type { Endpoint, EndpointEvents, Host } from './network/endpoint.js';
import {
  broadcast,
  type Codec,
  direct,
  openBroadcast,
  openDirect,
  type Parcel,
  signedBytesOf,
} from './parcel.js';
import { isOfLaterFormat, type Sealing } from './seal.js';
import { StepNotes } from './step-notes.js';
import type { Timeline } from './timeline.js';
import { TouchedStreams } from './touched-streams.js';

/** What a running member shows to who watches it. */
export interface Watcher {
  /** Before and after each step. */
  stepping(running: RunningCore, input: Input): void;
  stepped(running: RunningCore, input: Input, effects: Effects): void;
  broken(running: RunningCore, error: unknown): void;
  /** It goes on after a standstill, and has not read yet what came meanwhile. */
  resumed(running: RunningCore): void;
  /** A newer generation is on its disk. */
  kept(running: RunningCore, generation: number): void;
  believed(running: RunningCore, member: MemberId, liveness: Liveness | 'unknown'): void;
}

/** A process's monotonic clock: begins anywhere, runs a little fast or slow, and may jump ahead. */
class Clock {
  readonly #timeline: Timeline;
  readonly #startedAt: number;
  readonly #rate: number;
  #base: number;

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#startedAt = timeline.now;
    this.#rate = 1 + random.between(-0.0005, 0.0005);
    this.#base = random.between(0, random.chance(0.2) ? 1e9 : 1_000);
  }

  get now(): number {
    return this.#base + (this.#timeline.now - this.#startedAt) * this.#rate;
  }

  jump(ms: number): void {
    this.#base += ms;
  }
}

/**
 * One start of a member: the shell around the core, on the virtual clock. It stands still, jumps in time and dies as it
 * is told to; the core knows nothing of that.
 */
export class RunningCore implements Host {
  readonly id: MemberId;
  readonly core: MemberCore;
  /** Generations of which it has said that somebody else has them. */
  readonly twinsHeard = new Set<number>();
  readonly startedAt: number;
  readonly endpoint: Endpoint<Parcel>;
  /** Ends of its last standstill; its start where there was none. */
  resumedAt: number;
  /** Since when it stands still; null while it does not. */
  stalledSince: number | null = null;
  /** Its standstills that are over. */
  readonly standstills: { readonly since: number; readonly until: number }[] = [];
  /** When its clock jumped ahead, and how far. */
  readonly jumps: { readonly at: number; readonly ms: number }[] = [];
  hasEnded = false;
  /** Owners as its listeners know them, who hear only of changes. */
  readonly toldOwners = new Map<StreamKey, string>();
  /** Since when each member's record stands here in one and the same generation, as looks saw it. */
  readonly standingSince = new Map<MemberId, { readonly generation: number; readonly at: number }>();
  /** Through whom it reached each member last that it has not heard since, and holds for neither dead nor left. */
  readonly lastThrough = new Map<MemberId, readonly MemberId[]>();
  /** What it held of each member when it heard it only through others first, and when it heard it itself again; null: not yet. */
  readonly heldWhenLost = new Map<
    MemberId,
    { readonly position: LogPosition; readonly backAt: number | null }
  >();
  /** What it believed of all at the last look. */
  states: readonly MemberState[] = [];
  /** What it held for others then. */
  gauges: MemberCore['gauges'];
  readonly believed = new Map<MemberId, Liveness | 'unknown'>();
  readonly facts: (Fact & { readonly at: number })[] = [];
  factsTotal = 0;
  readonly notes: StepNotes;
  /** Streams whose owners may have changed in its directory. */
  readonly touched: TouchedStreams;
  readonly #news = new Map<MemberId, News[]>();
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #codec: Codec;
  readonly #sealing: Sealing;
  readonly #watcher: Watcher;
  readonly #clock: Clock;
  #stalledUntil = 0;
  #inbox: (() => void)[] = [];
  #inputs: Input[] = [];
  #isStepping = false;
  #isTickMissed = false;
  #flushAt = Number.POSITIVE_INFINITY;
  /** How late each of its turns is, ms; 0: on time. */
  #lateMs = 0;

  constructor(
    id: MemberId,
    parts: {
      readonly timeline: Timeline;
      readonly random: Random;
      readonly codec: Codec;
      readonly sealing: Sealing;
      readonly watcher: Watcher;
      readonly makeCore: (now: number, random: () => number) => MemberCore;
      readonly attach: (host: Host, events: EndpointEvents<Parcel>) => Endpoint<Parcel>;
    },
  ) {
    this.id = id;
    this.#timeline = parts.timeline;
    this.#random = parts.random;
    this.#codec = parts.codec;
    this.#sealing = parts.sealing;
    this.#watcher = parts.watcher;
    this.startedAt = this.#timeline.now;
    this.resumedAt = this.#timeline.now;
    this.#clock = new Clock(this.#timeline, this.#random);
    this.core = parts.makeCore(this.#clock.now, () => this.#random.fraction());
    this.gauges = this.core.gauges;
    this.touched = new TouchedStreams(this.core.directory);
    this.endpoint = parts.attach(this, this.#events());
    this.notes = new StepNotes(this.#timeline);
    this.#tickLater(this.#random.fraction() * TICK_MS);
  }

  /** As it says itself: a core may take a newer one while it runs. */
  get generation(): number {
    return this.core.generation;
  }

  get lateMs(): number {
    return this.#lateMs;
  }

  get isStalled(): boolean {
    return this.stalledSince !== null;
  }

  /** What it heard lately under a member's signature. */
  newsOf(member: MemberId): readonly News[] {
    return this.#news.get(member) ?? [];
  }

  /** Upper end of `Host`: what the network brings. */
  run(job: () => void): void {
    if (this.hasEnded) return;
    if (this.isStalled || this.#lateMs > 0) this.#inbox.push(job);
    else job();
  }

  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#isStepping || this.hasEnded) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    } catch (error) {
      this.#watcher.broken(this, error);
    } finally {
      this.#isStepping = false;
    }
  }

  /** Stands still for so long from now on: no ticks, nothing read, nothing sent. */
  stall(ms: number): void {
    this.stalledSince ??= this.#timeline.now;
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#timeline.now + ms);
    this.#timeline.after(ms, () => {
      if (this.isStalled && this.#timeline.now >= this.#stalledUntil && !this.hasEnded) this.resume();
    });
  }

  resume(): void {
    if (this.stalledSince === null || this.hasEnded) return;
    this.standstills.push({ since: this.stalledSince, until: this.#timeline.now });
    this.stalledSince = null;
    this.resumedAt = this.#timeline.now;
    this.#watcher.resumed(this);
    this.#turn();
  }

  /** From now on its loop turns only each so often: whatever comes waits for the next turn. 0: as it should. */
  setLate(ms: number): void {
    const wasLate = this.#lateMs > 0;
    this.#lateMs = ms;
    if (!wasLate && ms > 0) this.#turnLater();
    else if (ms === 0 && !this.isStalled) this.#turn();
  }

  #turnLater(): void {
    this.#timeline.after(this.#lateMs, () => {
      if (this.hasEnded || this.#lateMs === 0) return;
      if (!this.isStalled) this.#turn();
      this.#turnLater();
    });
  }

  /** All that waited. */
  #turn(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    // Timers or sockets first: an event loop does either, by where it stood still.
    const isTickFirst = this.#random.chance(0.5);
    if (this.#isTickMissed && isTickFirst) this.input({ kind: 'tick' });
    for (const job of inbox) if (!this.hasEnded) job();
    if (this.#isTickMissed && !isTickFirst) this.input({ kind: 'tick' });
    this.#isTickMissed = false;
  }

  jumpAhead(ms: number): void {
    this.jumps.push({ at: this.#timeline.now, ms });
    this.#clock.jump(ms);
  }

  crash(isSilent: boolean): void {
    this.hasEnded = true;
    this.endpoint.crash(isSilent);
  }

  leave(): void {
    this.input({ kind: 'leave' });
    this.hasEnded = true;
    this.endpoint.close();
  }

  #events(): EndpointEvents<Parcel> {
    return {
      connected: (peer, from) => this.input({ kind: 'connected', peer, from }),
      disconnected: (peer, reason) => this.input({ kind: 'disconnected', peer, reason }),
      dialFailed: (peer, reason, startedAt) => this.input({ kind: 'dial-failed', peer, reason, startedAt }),
      seedVisited: (seed, outcome) => this.input({ kind: 'seed-visited', seed, outcome }),
      offence: (peer, reason) => this.input({ kind: 'offence', peer, reason }),
      direct: (peer, parcel) => {
        try {
          const message = this.#accepted(peer, openDirect(parcel, peer, this.#codec.language));
          if (message !== null) this.input({ kind: 'direct', peer, message });
        } catch (error) {
          this.#watcher.broken(this, error);
        }
      },
      broadcast: (parcel, via) => {
        try {
          return this.#broadcast(parcel, via);
        } catch (error) {
          this.#watcher.broken(this, error);
          return true;
        }
      },
    };
  }

  /** As the real shell does it. */
  #broadcast(parcel: Parcel, via: MemberId): boolean {
    const { author } = parcel;
    const signedBytes = signedBytesOf(parcel, this.#sealing);
    if (parcel.handMade === undefined) {
      const message = this.#accepted(author, openBroadcast(parcel, this.#codec.language));
      if (message !== null) {
        this.input({ kind: 'broadcast', author, message, signedBytes });
        this.#noteNews(author, message);
      }
      return message !== null;
    }
    const opened = this.#sealing.unseal(signedBytes);
    const decoded = opened && this.#codec.language.decodeBroadcast(opened.message, opened.author);
    const message = decoded && this.#accepted(opened.author, decoded);
    if (opened && message) this.input({ kind: 'broadcast', author: opened.author, message, signedBytes });
    if (!opened) this.input({ kind: 'offence', peer: via, reason: 'broadcast without a valid signature' });
    return message !== null;
  }

  #noteNews(author: MemberId, message: BroadcastMessage): void {
    if (message.kind !== 'delta') return;
    const { generation, from, to } = message.delta;
    const news = this.#news.get(author) ?? [];
    this.#news.set(author, news);
    news.push({ generation, from, to, at: this.#timeline.now });
    if (news.length > NEWS_KEPT) news.shift();
  }

  /** What another version says may mean nothing to this one, and must not be an offence. */
  #accepted<T>(from: MemberId, decoded: Decoded<T>): T | null {
    if (decoded.kind === 'message') return decoded.message;
    if (decoded.kind === 'malformed') this.input({ kind: 'offence', peer: from, reason: decoded.reason });
    return null;
  }

  #step(input: Input): void {
    if (this.hasEnded) return;
    this.#watcher.stepping(this, input);
    const effects = this.core.step(input, this.#clock.now);
    this.#carryOut(effects);
    this.notes.note(this.core, effects);
    this.#watcher.stepped(this, input, effects);
    this.#planFlush();
  }

  #carryOut(effects: Effects): void {
    const { endpoint } = this;
    for (const fact of effects.facts) {
      if (fact.level !== 'debug') this.factsTotal += 1;
      this.facts.push({ ...fact, at: this.#timeline.now });
      if (this.facts.length > FACTS_KEPT) this.facts.shift();
    }
    for (const { to, message } of effects.sends)
      if (endpoint.isConnected(to)) endpoint.send(to, direct(this.id, message, this.#codec));
    for (const { via, signedBytes } of effects.verifications) this.#verify(via, signedBytes);
    for (const message of effects.broadcasts) endpoint.broadcast(broadcast(this.id, message, this.#codec));
    for (const { peer, addresses, startedAt } of effects.dials) endpoint.dial(peer, addresses, startedAt);
    for (const seed of effects.visits) endpoint.visit(seed);
    for (const { peer, reason, refuseMs } of effects.disconnects) endpoint.disconnect(peer, reason, refuseMs);
    if (effects.generation !== null) {
      const { generation } = effects;
      this.#timeline.after(1, () => this.run(() => this.#keepGeneration(generation)));
    }
    for (const key of effects.changedStreams) this.toldOwners.set(key, ownersText(this.core, key));
    for (const id of effects.changedMembers) this.#believes(id);
  }

  #keepGeneration(generation: number): void {
    this.#watcher.kept(this, generation);
    this.input({ kind: 'generation-kept', generation });
  }

  /** As the real shell does it. */
  #verify(peer: MemberId, signedBytes: Uint8Array): void {
    const opened = this.#sealing.unseal(signedBytes);
    if (opened === null && isOfLaterFormat(signedBytes)) return;
    const decoded = opened && this.#codec.language.decodeBroadcast(opened.message, opened.author);
    if (decoded?.kind === 'unknown') return;
    if (opened && decoded?.kind === 'message' && decoded.message.kind === 'delta')
      this.input({ kind: 'handed-on', peer, author: opened.author, message: decoded.message, signedBytes });
    else this.input({ kind: 'offence', peer, reason: 'handed on words without a valid signature' });
  }

  #believes(id: MemberId): void {
    const liveness = this.core.directory.member(id)?.liveness ?? 'unknown';
    if (this.believed.get(id) === liveness) return;
    this.believed.set(id, liveness);
    this.#watcher.believed(this, id, liveness);
  }

  #planFlush(): void {
    const { flushAt } = this.core;
    if (flushAt === null || this.#flushAt <= flushAt) return;
    this.#flushAt = flushAt;
    // As a real timer: whole ms, at least one.
    this.#timeline.after(Math.max(1, Math.trunc(flushAt - this.#clock.now)), () => {
      // Another one was planned since, for sooner.
      if (this.#flushAt !== flushAt) return;
      this.#flushAt = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  #tickLater(delayMs: number): void {
    this.#timeline.after(delayMs, () => {
      if (this.hasEnded) return;
      this.#tick();
      this.#tickLater(TICK_MS + this.#random.fraction());
    });
  }

  #tick(): void {
    if (this.hasEnded) return;
    if (this.isStalled || this.#lateMs > 0) this.#isTickMissed = true;
    else this.input({ kind: 'tick' });
  }
}

/** One delta that it heard, and when. */
interface News {
  readonly generation: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** Deltas that are remembered of each member: no more than are surely kept by the core. */
const NEWS_KEPT = 8;

/** Lines of its log that are kept. */
const FACTS_KEPT = 500;

/** How an owner is written: `a`, or `a(silent)`. */
export const ownerText = (member: MemberId, isSilent: boolean): string =>
  isSilent ? `${member}(silent)` : member;

/** Owners of a stream in order, as one member sees them. */
export const ownersText = (core: MemberCore, key: StreamKey): string =>
  core.directory
    .owners(key)
    .map(({ member, claim }) => ownerText(member, claim.silent === true))
    .join(' ');
