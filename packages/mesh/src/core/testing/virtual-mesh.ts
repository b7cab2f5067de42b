import { profileOf } from '@headwater/testing/profile-of';
import { seededRandom } from '@headwater/testing/seeded-random';
import type { Decoded } from '../../wire/codec.js';
import { isOfLaterFormat } from '../../wire/envelope.js';
import type { Effects, Fact } from '../effects.js';
import type { Input } from '../input.js';
import { TICK_MS } from '../limits.js';
import { type CoreOptions, MemberCore } from '../member-core.js';
import type { BroadcastMessage, DeltaNews, DirectMessage } from '../messages.js';

export const HEARTBEAT_MS = 800;

export interface VirtualMember {
  readonly name: string;
  readonly address: string;
  core: MemberCore;
  generation: number;
  isRunning: boolean;
  /** Stands still until then. */
  stalledUntil: number;
  readonly facts: Fact[];
  /** What it sent, newest last. */
  readonly sent: { readonly to: string; readonly message: DirectMessage | BroadcastMessage }[];
}

export interface Weather {
  /** Broadcasts lost and repeated, 0..1. */
  loss: number;
  repetition: number;
  /** Longest way of a broadcast, ms: those that take longer are overtaken. */
  delayMaxMs: number;
  /** Broadcasts come to who is not connected through somebody who is with both. */
  areHandedOn: boolean;
  /** Way of a packet from one member to another, ms. */
  wayMs: number;
  /** Packets of connections that are lost, 0..1: TCP sends them again, so they and what follows come late. */
  packetLoss: number;
}

/** What becomes of messages on their way. */
export interface VirtualCodec {
  direct(message: DirectMessage, from: string): Decoded<DirectMessage>;
  broadcast(message: BroadcastMessage, author: string): Decoded<BroadcastMessage>;
}

const AS_IT_IS: VirtualCodec = {
  direct: (message) => ({ kind: 'message', message }),
  broadcast: (message) => ({ kind: 'message', message }),
};

/** Packets, one after the other, until a connection stands. */
const DIAL_PACKETS = 6;

interface Pipe {
  readonly ends: ReadonlySet<string>;
  /** Ends that still think that it is open. */
  readonly open: Set<string>;
  readonly lastAt: Map<string, number>;
}

/**
 * Members and a network in memory, on a virtual clock, repeatable by its seed. Direct messages keep their order on one
 * connection; broadcasts are late, twice or lost, as the weather says. A cut drops everything, silently.
 */
export class VirtualMesh {
  readonly members = new Map<string, VirtualMember>();
  readonly weather: Weather = {
    loss: 0,
    repetition: 0,
    delayMaxMs: 2,
    areHandedOn: false,
    wayMs: 1,
    packetLoss: 0,
  };
  readonly random: () => number;
  now = 0;
  codec: VirtualCodec = AS_IT_IS;
  readonly #options: { readonly seeds: readonly string[] };
  readonly #events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  readonly #pipes: Pipe[] = [];
  readonly #cuts = new Set<string>();
  /** Pairs between which connections are refused; `a>b` both ways. */
  readonly #refused = new Set<string>();
  /** For when a flush is planned. */
  readonly #flushing = new Map<MemberCore, number>();
  #order = 0;
  #starts = 0;

  constructor(seed: number, seeds: readonly string[]) {
    this.random = seededRandom(seed);
    this.#options = { seeds };
  }

  /** `name` is also its id and host; it listens on `name:1`. */
  start(name: string, more: Partial<CoreOptions> = {}): VirtualMember {
    this.#starts += 1;
    const generation = 1000 + this.#starts;
    const address = `${name}:1`;
    const core = new MemberCore(
      {
        self: name,
        generation,
        profile: profileOf(name),
        addresses: [address],
        seeds: this.#options.seeds,
        heartbeatMs: HEARTBEAT_MS,
        suspectAfterMs: 1800,
        deadAfterMs: 900,
        batchMs: 3,
        random: this.random,
        ...more,
      },
      this.now,
    );
    const known = this.members.get(name);
    const member: VirtualMember = known ?? {
      name,
      address,
      core,
      generation,
      isRunning: true,
      stalledUntil: 0,
      facts: [],
      sent: [],
    };
    Object.assign(member, { core, generation, isRunning: true, stalledUntil: 0 });
    this.members.set(name, member);
    this.#tickLater(member, core, TICK_MS * this.random());
    return member;
  }

  member(name: string): VirtualMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  running(): VirtualMember[] {
    return [...this.members.values()].filter((member) => member.isRunning);
  }

  /** The process ends and its host says so to everybody connected who can hear it. */
  kill(name: string): void {
    this.member(name).isRunning = false;
    for (const pipe of [...this.#pipes]) if (pipe.ends.has(name)) this.#closePipe(pipe, name, 'reset');
  }

  stall(name: string, ms: number): void {
    this.member(name).stalledUntil = this.now + ms;
  }

  /** Nothing passes between these two any more, `oneWay`: from the first to the second. */
  cut(a: string, b: string, oneWay = false): void {
    this.#cuts.add(`${a}>${b}`);
    if (!oneWay) this.#cuts.add(`${b}>${a}`);
  }

  /** A firewall between two: their connection is reset, and new ones are refused at once. */
  refuse(a: string, b: string): void {
    this.#refused.add(`${a}>${b}`).add(`${b}>${a}`);
    this.reset(a, b);
  }

  /** Their connection breaks; new ones are possible. */
  reset(a: string, b: string): void {
    for (const pipe of [...this.#pipes])
      if (pipe.ends.has(a) && pipe.ends.has(b))
        for (const end of [a, b]) this.#later(this.#wayMs(), () => this.#endOf(pipe, end, 'reset'));
  }

  heal(): void {
    this.#cuts.clear();
    this.#refused.clear();
  }

  input(name: string, input: Input): void {
    const member = this.member(name);
    if (member.isRunning) this.#step(member, input);
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.at > end) break;
      this.#events.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** An envelope: format 1, and what the author said as text under its name. Nobody here forges one. */
  seal(author: string, message: BroadcastMessage): Uint8Array {
    return Buffer.from(`\u0001${JSON.stringify({ author, message })}`);
  }

  #verify(signedBytes: Uint8Array): { author: string; message: DeltaNews } | null {
    try {
      return JSON.parse(Buffer.from(signedBytes).toString().slice(1));
    } catch {
      return null;
    }
  }

  isConnected(a: string, b: string): boolean {
    return this.#pipeBetween(a, b) !== undefined;
  }

  /** TCP's way with lost packets: sent again after 200 ms and a round trip, then after twice as long, and so on. */
  #wayMs(): number {
    const { wayMs, packetLoss } = this.weather;
    let ms = wayMs;
    if (packetLoss === 0) return ms;
    for (let waitMs = 200 + 2 * wayMs; this.random() < packetLoss; waitMs *= 2) ms += waitMs;
    return ms;
  }

  #later(delayMs: number, run: () => void): void {
    const event = { at: this.now + delayMs, order: this.#order++, run };
    let index = this.#events.length;
    while (index > 0) {
      const before = this.#events[index - 1];
      if (before === undefined || before.at <= event.at) break;
      index -= 1;
    }
    this.#events.splice(index, 0, event);
  }

  #tickLater(member: VirtualMember, core: MemberCore, delayMs: number): void {
    this.#later(delayMs, () => {
      if (!member.isRunning || member.core !== core) return;
      if (this.now < member.stalledUntil) {
        this.#tickLater(member, core, member.stalledUntil - this.now);
        return;
      }
      this.#step(member, { kind: 'tick' });
      this.#tickLater(member, core, TICK_MS);
    });
  }

  /** For one that stands still, what comes waits. */
  #deliver(member: VirtualMember, core: MemberCore, input: Input): void {
    if (!member.isRunning || member.core !== core) return;
    if (this.now < member.stalledUntil)
      this.#later(member.stalledUntil - this.now, () => this.#deliver(member, core, input));
    else this.#step(member, input);
  }

  #step(member: VirtualMember, input: Input): void {
    const { core } = member;
    this.#carryOut(member, core.step(input, this.now));
    const { flushAt } = core;
    if (flushAt === null || flushAt >= (this.#flushing.get(core) ?? Number.POSITIVE_INFINITY)) return;
    this.#flushing.set(core, flushAt);
    this.#later(Math.max(0, flushAt - this.now), () => {
      if (this.#flushing.get(core) === flushAt) this.#flushing.delete(core);
      this.#deliver(member, core, { kind: 'tick' });
    });
  }

  #carryOut(member: VirtualMember, effects: Effects): void {
    member.facts.push(...effects.facts);
    for (const { to, message } of effects.sends) this.#send(member, to, message);
    for (const { via, signedBytes } of effects.verifications) {
      const opened = this.#verify(signedBytes);
      const decoded = opened && this.codec.broadcast(opened.message, opened.author);
      if (opened && decoded?.kind === 'message' && decoded.message.kind === 'delta')
        this.#step(member, {
          kind: 'handed-on',
          peer: via,
          ...opened,
          message: decoded.message,
          signedBytes,
        });
      else if (!isOfLaterFormat(signedBytes))
        this.#step(member, { kind: 'offence', peer: via, reason: 'no valid signature' });
    }
    for (const message of effects.broadcasts) this.#broadcast(member, message);
    for (const { peer, addresses } of effects.dials) {
      this.#dial(member, addresses, (reached) => {
        if (!reached) this.#tell(member, { kind: 'dial-failed', peer, reason: 'unreachable' });
      });
    }
    for (const seed of effects.visits) {
      const isSelf = seed === member.address;
      if (isSelf) this.#tell(member, { kind: 'seed-visited', seed, outcome: { reached: [], isSelf } });
      else
        this.#dial(member, [seed], (reached) => {
          const outcome = {
            reached: reached ? [reached] : [],
            isSelf,
            ...(!reached && { failure: 'unreachable' }),
          };
          this.#tell(member, { kind: 'seed-visited', seed, outcome });
        });
    }
    for (const { peer, reason } of effects.disconnects) {
      const pipe = this.#pipeBetween(member.name, peer, member.name);
      if (pipe) this.#closePipe(pipe, member.name, reason);
    }
  }

  #tell(member: VirtualMember, input: Input): void {
    const { core } = member;
    this.#later(1, () => this.#deliver(member, core, input));
  }

  #send(from: VirtualMember, to: string, message: DirectMessage): void {
    from.sent.push({ to, message });
    const pipe = this.#pipeBetween(from.name, to, from.name);
    if (pipe === undefined) return;
    const at = Math.max(this.now + this.#wayMs(), pipe.lastAt.get(from.name) ?? 0);
    pipe.lastAt.set(from.name, at);
    const { core } = this.member(to);
    const decoded = this.codec.direct(message, from.name);
    this.#later(at - this.now, () => {
      if (this.#cuts.has(`${from.name}>${to}`)) return;
      if (!pipe.open.has(to)) {
        this.#endOf(pipe, from.name, 'reset');
        return;
      }
      this.#receive(this.member(to), core, from.name, decoded, (known) => ({
        kind: 'direct',
        peer: from.name,
        message: known,
      }));
    });
  }

  #receive<T>(
    member: VirtualMember,
    core: MemberCore,
    peer: string,
    decoded: Decoded<T>,
    inputOf: (message: T) => Input,
  ): void {
    if (decoded.kind === 'message') this.#deliver(member, core, inputOf(decoded.message));
    if (decoded.kind === 'malformed')
      this.#deliver(member, core, { kind: 'offence', peer, reason: decoded.reason });
  }

  #broadcast(from: VirtualMember, message: BroadcastMessage): void {
    from.sent.push({ to: '*', message });
    const signedBytes = this.seal(from.name, message);
    const decoded = this.codec.broadcast(message, from.name);
    for (const to of this.members.values()) {
      if (to === from || !this.#gossips(from.name, to.name)) continue;
      const copies = this.random() < this.weather.loss ? 0 : this.random() < this.weather.repetition ? 2 : 1;
      const { core } = to;
      for (let copy = 0; copy < copies; copy += 1) {
        this.#later(this.#wayMs() + this.random() * this.weather.delayMaxMs, () => {
          if (!this.#passes(from.name, to.name)) return;
          this.#receive(to, core, from.name, decoded, (known) => ({
            kind: 'broadcast',
            author: from.name,
            message: known,
            signedBytes,
          }));
        });
      }
    }
  }

  #gossips(from: string, to: string): boolean {
    if (this.isConnected(from, to)) return true;
    return this.weather.areHandedOn && this.running().some(({ name }) => this.#isBetween(name, from, to));
  }

  #passes(from: string, to: string): boolean {
    if (!this.#cuts.has(`${from}>${to}`)) return true;
    return this.weather.areHandedOn && this.running().some(({ name }) => this.#isBetween(name, from, to));
  }

  #isBetween(name: string, from: string, to: string): boolean {
    const isCut = this.#cuts.has(`${from}>${name}`) || this.#cuts.has(`${name}>${to}`);
    return !isCut && this.isConnected(from, name) && this.isConnected(name, to);
  }

  #dial(from: VirtualMember, addresses: readonly string[], done: (reached: string | null) => void): void {
    const { core } = from;
    const to = addresses
      .map((address) => this.members.get(address.split(':')[0] ?? ''))
      .find((one) => one?.isRunning);
    const isCut =
      to && (this.#cuts.has(`${from.name}>${to.name}`) || this.#cuts.has(`${to.name}>${from.name}`));
    const isRefused = to && this.#refused.has(`${from.name}>${to.name}`);
    this.#later(isCut ? 2_000 : this.#dialMs(), () => {
      if (!from.isRunning || from.core !== core) return;
      if (!to?.isRunning || isCut || isRefused) {
        done(null);
        return;
      }
      if (this.#pipeBetween(from.name, to.name, from.name) === undefined) {
        const old = this.#pipeBetween(to.name, from.name, to.name);
        if (old) this.#pipes.splice(this.#pipes.indexOf(old), 1);
        const ends = new Set([from.name, to.name]);
        this.#pipes.push({ ends, open: new Set(ends), lastAt: new Map() });
        this.#deliver(from, from.core, { kind: 'connected', peer: to.name, from: { dialled: to.address } });
        this.#deliver(to, to.core, { kind: 'connected', peer: from.name, from: { seenAs: from.name } });
      }
      done(to.name);
    });
  }

  /** TCP, handshake and muxer on long paths. */
  #dialMs(): number {
    if (this.weather.wayMs === 1) return 2 + this.random() * 3;
    let ms = 0;
    for (let packet = 0; packet < DIAL_PACKETS; packet += 1) ms += this.#wayMs();
    return ms;
  }

  /** `asSeenBy`: a pipe that this end thinks is open; else one that both do. */
  #pipeBetween(a: string, b: string, asSeenBy?: string): Pipe | undefined {
    return this.#pipes.find(
      ({ ends, open }) => ends.has(a) && ends.has(b) && (asSeenBy ? open.has(asSeenBy) : open.size === 2),
    );
  }

  #closePipe(pipe: Pipe, by: string, reason: string): void {
    this.#endOf(pipe, by, reason);
    for (const other of pipe.open) {
      this.#later(this.weather.wayMs, () => {
        if (!this.#cuts.has(`${by}>${other}`)) this.#endOf(pipe, other, reason);
      });
    }
  }

  #endOf(pipe: Pipe, name: string, reason: string): void {
    if (!pipe.open.delete(name)) return;
    if (pipe.open.size === 0) this.#pipes.splice(this.#pipes.indexOf(pipe), 1);
    const [peer] = [...pipe.ends].filter((end) => end !== name);
    const member = this.member(name);
    if (peer) this.#deliver(member, member.core, { kind: 'disconnected', peer, reason });
  }
}
