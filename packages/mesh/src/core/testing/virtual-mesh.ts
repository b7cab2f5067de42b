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

/** One process; `name` is its own. */
export interface VirtualMember {
  readonly name: string;
  /** Of two with one identity both have it. */
  readonly id: string;
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
  readonly ids: ReadonlyMap<string, string>;
  /** Ends that still think that it is open. */
  readonly open: Set<string>;
  readonly lastAt: Map<string, number>;
  /** When each end was last spoken to, or the pipe was opened: where several lead to one id, the last one is used. */
  readonly heardAt: Map<string, number>;
}

export interface VirtualOptions extends Partial<CoreOptions> {
  /** It listens on `host:1`; its name where absent. */
  readonly host?: string;
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
  /** Of all members. */
  dials = 0;
  visits = 0;
  /** Off where a mesh runs for hours. */
  keepsSent = true;
  codec: VirtualCodec = AS_IT_IS;
  readonly #options: { readonly seeds: readonly string[] };
  readonly #events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  readonly #pipes = new Map<string, Pipe[]>();
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

  /** `name` is also its id and host, unless `more` says otherwise. */
  start(name: string, { host = name, ...more }: VirtualOptions = {}): VirtualMember {
    this.#starts += 1;
    const id = more.self ?? name;
    const generation = more.generation ?? 1000 + this.#starts;
    const address = `${host}:1`;
    const core = new MemberCore(
      {
        self: id,
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
      id,
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
    for (const pipe of [...this.#pipesOf(name)]) this.#closePipe(pipe, name, 'reset');
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
    for (const pipe of [...this.#pipesOf(a)])
      if (pipe.ends.has(b))
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

  /** Gone for good: what it was and sent is dropped. */
  remove(name: string): void {
    this.kill(name);
    this.members.delete(name);
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
    for (const { peer, addresses, startedAt } of effects.dials) {
      this.dials += 1;
      this.#dial(member, addresses, peer, (reached) => {
        if (reached !== peer)
          this.#tell(member, { kind: 'dial-failed', peer, reason: 'unreachable', startedAt });
      });
    }
    if (effects.generation !== null)
      this.#tell(member, { kind: 'generation-kept', generation: effects.generation });
    for (const seed of effects.visits) {
      this.visits += 1;
      const isSelf = seed === member.address;
      if (isSelf) this.#tell(member, { kind: 'seed-visited', seed, outcome: { reached: [], isSelf } });
      else
        this.#dial(member, [seed], null, (reached) => {
          const outcome = {
            reached: reached ? [reached] : [],
            isSelf,
            ...(!reached && { failure: 'unreachable' }),
          };
          this.#tell(member, { kind: 'seed-visited', seed, outcome });
        });
    }
    for (const { peer, reason } of effects.disconnects)
      for (const pipe of this.#pipesTo(member, peer)) this.#closePipe(pipe, member.name, reason);
  }

  #tell(member: VirtualMember, input: Input): void {
    const { core } = member;
    this.#later(1, () => this.#deliver(member, core, input));
  }

  #pipesOf(name: string): readonly Pipe[] {
    return this.#pipes.get(name) ?? [];
  }

  #keep(pipe: Pipe): void {
    for (const end of pipe.ends) this.#pipes.set(end, [...this.#pipesOf(end), pipe]);
  }

  #drop(pipe: Pipe): void {
    for (const end of pipe.ends)
      this.#pipes.set(
        end,
        this.#pipesOf(end).filter((one) => one !== pipe),
      );
  }

  /** Pipes that this one thinks are open, to processes with this id; the last is the one that was used last. */
  #pipesTo(from: VirtualMember, id: string): Pipe[] {
    return this.#pipesOf(from.name)
      .filter(
        ({ ids, open }) =>
          open.has(from.name) && [...ids].some(([end, of]) => end !== from.name && of === id),
      )
      .sort((a, b) => (a.heardAt.get(from.name) ?? 0) - (b.heardAt.get(from.name) ?? 0));
  }

  #send(from: VirtualMember, toId: string, message: DirectMessage): void {
    if (this.keepsSent) from.sent.push({ to: toId, message });
    const pipe = this.#pipesTo(from, toId).at(-1);
    const to = pipe && [...pipe.ends].find((end) => end !== from.name);
    if (pipe === undefined || to === undefined) return;
    const at = Math.max(this.now + this.#wayMs(), pipe.lastAt.get(from.name) ?? 0);
    pipe.lastAt.set(from.name, at);
    const core = this.members.get(to)?.core;
    const decoded = this.codec.direct(message, from.id);
    this.#later(at - this.now, () => {
      if (this.#cuts.has(`${from.name}>${to}`)) return;
      if (core === undefined || !this.members.has(to) || !pipe.open.has(to)) {
        this.#endOf(pipe, from.name, 'reset');
        return;
      }
      pipe.heardAt.set(to, this.now);
      this.#receive(this.member(to), core, from.id, decoded, (known) => ({
        kind: 'direct',
        peer: from.id,
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
    if (this.keepsSent) from.sent.push({ to: '*', message });
    const signedBytes = this.seal(from.id, message);
    const decoded = this.codec.broadcast(message, from.id);
    for (const to of this.members.values()) {
      if (to === from || !this.#gossips(from.name, to.name)) continue;
      const copies = this.random() < this.weather.loss ? 0 : this.random() < this.weather.repetition ? 2 : 1;
      const { core } = to;
      for (let copy = 0; copy < copies; copy += 1) {
        this.#later(this.#wayMs() + this.random() * this.weather.delayMaxMs, () => {
          if (!this.#passes(from.name, to.name)) return;
          this.#receive(to, core, from.id, decoded, (known) => ({
            kind: 'broadcast',
            author: from.id,
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

  #listenerAt(address: string): VirtualMember | undefined {
    for (const one of this.members.values()) if (one.isRunning && one.address === address) return one;
    return undefined;
  }

  /** `dialled`: the member that is looked for; null: whoever is there. */
  #dial(
    from: VirtualMember,
    addresses: readonly string[],
    dialled: string | null,
    done: (reached: string | null) => void,
  ): void {
    const { core } = from;
    const to = addresses.map((address) => this.#listenerAt(address)).find((one) => one !== undefined);
    const isCut =
      to && (this.#cuts.has(`${from.name}>${to.name}`) || this.#cuts.has(`${to.name}>${from.name}`));
    const isRefused = to && this.#refused.has(`${from.name}>${to.name}`);
    this.#later(isCut ? 2_000 : this.#dialMs(), () => {
      if (!from.isRunning || from.core !== core) return;
      if (!to?.isRunning || isCut || isRefused) {
        done(null);
        return;
      }
      if (to.id === from.id) {
        done(null);
        return;
      }
      const known = this.#pipeBetween(from.name, to.name, from.name);
      // Whoever else is dialled there is found again, by a spare connection that is closed soon.
      if (known === undefined || (dialled !== null && to.id !== dialled)) {
        const old = this.#pipeBetween(to.name, from.name, to.name);
        if (old && old !== known) this.#drop(old);
        const ends = new Set([from.name, to.name]);
        const heardAt = new Map([...ends].map((end) => [end, this.now]));
        const ids = new Map([from, to].map(({ name, id }) => [name, id]));
        if (known === undefined) this.#keep({ ends, ids, open: new Set(ends), lastAt: new Map(), heardAt });
        this.#deliver(from, from.core, { kind: 'connected', peer: to.id, from: { dialled: to.address } });
        this.#deliver(to, to.core, { kind: 'connected', peer: from.id, from: { seenAs: hostOf(from) } });
      }
      done(to.id);
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
    return this.#pipesOf(a).find(
      ({ ends, open }) => ends.has(b) && (asSeenBy ? open.has(asSeenBy) : open.size === 2),
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
    if (pipe.open.size === 0) this.#drop(pipe);
    const [other] = [...pipe.ends].filter((end) => end !== name);
    const member = this.members.get(name);
    const peer = pipe.ids.get(other ?? '');
    if (member === undefined || peer === undefined || this.#pipesTo(member, peer).length > 0) return;
    this.#deliver(member, member.core, { kind: 'disconnected', peer, reason });
  }
}

const hostOf = ({ address }: VirtualMember): string => address.replace(/:\d+$/, '');
