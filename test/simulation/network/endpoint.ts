import type { MemberId } from '@headwater/directory';
import type { Transport, TransportEvents } from '@headwater/mesh/transport';
import type { Connection, End } from './connection.js';
import type { Network } from './network.js';
import type { Machine } from './paths.js';

/** Of two connections with one member the spare one is closed after this time, ms, as the real transport does. */
const SPARE_LINGER_MS = 500;
const SILENT_MS = 10_000;

/** The process behind an endpoint: what reaches it waits while it stands still, and is dropped when it has ended. */
export interface Host {
  run(job: () => void): void;
}

/** Where a process runs, and who may speak with it. */
export interface Place {
  readonly machine: Machine;
  /** Mesh keys: it dials with the first, and takes dials with each. */
  readonly keys: readonly string[];
}

/** What the endpoint tells: the transport's events, for payloads of whatever kind. */
export type EndpointEvents<P> = {
  readonly [Name in keyof TransportEvents]: Name extends 'direct'
    ? (peer: MemberId, payload: P) => void
    : Name extends 'broadcast'
      ? (payload: P, via: MemberId) => boolean
      : TransportEvents[Name];
};

/** The transport's methods, for payloads of whatever kind: with bytes it is a `Transport`. */
export type EndpointMethods<P> = {
  readonly [Name in keyof Transport]: Name extends 'send'
    ? (peer: MemberId, payload: P) => void
    : Name extends 'broadcast'
      ? (payload: P) => void
      : Transport[Name];
};

interface Link<P> {
  readonly connection: Connection<P>;
  readonly end: End<P>;
}

/** When the member was last surely there: it spoke, or its handshake came to an end. */
const lastAt = <P>({ end }: Link<P>): number => Math.max(end.heardAt, end.openedAt);

/** One start of a member on the simulated network: keeps the promises of `Transport`, and no more than those. */
export class Endpoint<P> implements EndpointMethods<P> {
  readonly self: MemberId;
  readonly port = 7946;
  readonly addresses: readonly string[];
  readonly machine: Machine;
  readonly keys: readonly string[];
  readonly host: Host;
  readonly events: EndpointEvents<P>;
  isClosed = false;
  readonly #network: Network<P>;
  readonly #links = new Map<MemberId, Link<P>[]>();
  readonly #refused = new Map<MemberId, number>();
  readonly #metAt = new WeakMap<Endpoint<P>, number>();

  constructor(
    network: Network<P>,
    self: MemberId,
    addresses: readonly string[],
    host: Host,
    events: EndpointEvents<P>,
    { machine, keys }: Place,
  ) {
    this.#network = network;
    this.self = self;
    this.addresses = addresses;
    this.machine = machine;
    this.keys = keys;
    this.host = host;
    this.events = events;
  }

  get isMachineUp(): boolean {
    return this.#network.isMachineUp(this.machine);
  }

  get connected(): readonly MemberId[] {
    return [...this.#links.keys()];
  }

  isConnected(peer: MemberId): boolean {
    return this.#links.has(peer);
  }

  /** The process at the other end of the connection on which this one would send. */
  partner(peer: MemberId): Endpoint<P> | undefined {
    const link = this.#best(peer);
    if (link === undefined) return undefined;
    const { near, far } = link.connection;
    return link.end === near ? far.endpoint : near.endpoint;
  }

  /** A connection with an earlier process of that member stands beside, or without, one with this process. */
  hasStale(other: Endpoint<P>): boolean {
    return (this.#links.get(other.self) ?? []).some(
      ({ connection: { near, far }, end }) => (end === near ? far : near).endpoint !== other,
    );
  }

  /** For how long a connection with it has stood; 0 where there is none. */
  connectedForMs(peer: MemberId): number {
    const { now } = this.#network.timeline;
    const openedAt = (this.#links.get(peer) ?? []).map(({ end }) => end.openedAt);
    return now - Math.min(now, ...openedAt);
  }

  /** When these two processes were connected first; `Infinity` where they never were. */
  metAt(other: Endpoint<P>): number {
    return this.#metAt.get(other) ?? Number.POSITIVE_INFINITY;
  }

  isRefused(peer: MemberId): boolean {
    return (this.#refused.get(peer) ?? Number.NEGATIVE_INFINITY) > this.#network.timeline.now;
  }

  /** Most bytes that wait on one connection. */
  get queuedBytesMax(): number {
    let most = 0;
    for (const links of this.#links.values())
      for (const { end } of links) most = Math.max(most, end.queuedBytes);
    return most;
  }

  dial(peer: MemberId, addresses: readonly string[], startedAt: number): void {
    if (!this.isClosed) this.#network.dialler.dial(this, peer, addresses, startedAt);
  }

  visit(seed: string): void {
    if (!this.isClosed) this.#network.dialler.visit(this, seed);
  }

  send(peer: MemberId, payload: P): void {
    const link = this.#best(peer);
    if (link) link.connection.send(link.end, payload, this.#network.sent(this.self, payload));
  }

  broadcast(payload: P): void {
    if (!this.isClosed) this.#network.gossip.publish(this, payload);
  }

  disconnect(peer: MemberId, reason: string, refuseMs: number): void {
    if (refuseMs > 0) this.#refused.set(peer, this.#network.timeline.now + refuseMs);
    for (const { connection, end } of [...(this.#links.get(peer) ?? [])]) connection.abort(end, reason);
  }

  close(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    const links = [...this.#links.values()].flat();
    this.#end();
    for (const { connection, end } of links) connection.close(end, 'closed');
    this.#network.resetUnaccepted(this);
    return Promise.resolve();
  }

  /** The process is killed: its machine says so to everybody connected, or (`isSilent`) is gone with it. */
  crash(isSilent: boolean): void {
    const links = [...this.#links.values()].flat();
    this.#end();
    for (const { connection, end } of links) {
      end.isOpen = false;
      end.held = [];
      if (!isSilent) connection.reset(end);
    }
    if (!isSilent) this.#network.resetUnaccepted(this);
  }

  opened(connection: Connection<P>, end: End<P>): void {
    end.isOpen = true;
    end.openedAt = this.#network.timeline.now;
    const { near, far } = connection;
    const other = (end === near ? far : near).endpoint;
    if (!this.#metAt.has(other)) this.#metAt.set(other, end.openedAt);
    const links = this.#links.get(end.peer) ?? [];
    links.push({ connection, end });
    this.#links.set(end.peer, links);
    this.events.connected(end.peer, end.isOutbound ? { dialled: end.dialled } : { seenAs: end.peer });
    if (links.length > 1) this.#sweepLater(end.peer);
  }

  closed(end: End<P>, reason: string): void {
    if (this.isClosed) return;
    const left = (this.#links.get(end.peer) ?? []).filter((link) => link.end !== end);
    if (left.length > 0) {
      this.#links.set(end.peer, left);
      return;
    }
    if (this.#links.delete(end.peer)) this.events.disconnected(end.peer, reason);
  }

  #end(): void {
    this.isClosed = true;
    this.#links.clear();
    this.#network.detach(this);
  }

  #best(peer: MemberId): Link<P> | undefined {
    let best: Link<P> | undefined;
    for (const link of this.#links.get(peer) ?? [])
      if (!link.end.isRetiring && (best === undefined || lastAt(link) >= lastAt(best))) best = link;
    return best;
  }

  #sweepLater(peer: MemberId): void {
    this.#network.timeline.after(SPARE_LINGER_MS, () => this.host.run(() => this.#sweep(peer)));
  }

  /** Both sides agree which one stays: the one that the smaller id dialled, of several the newest. */
  #sweep(peer: MemberId): void {
    const links = (this.#links.get(peer) ?? []).filter(({ end }) => !end.isRetiring);
    if (links.length < 2 || this.isClosed) return;
    const { now } = this.#network.timeline;
    const bySmaller = ({ end }: Link<P>): boolean => end.isOutbound === this.self < peer;
    const [keep] = links
      .filter(({ end }) => end.heardAt > 0)
      .sort((a, b) => Number(bySmaller(b)) - Number(bySmaller(a)) || b.end.openedAt - a.end.openedAt);
    const heardAt = Math.max(...links.map(({ end }) => end.heardAt));
    for (const link of links) {
      const isSilent = heardAt - lastAt(link) >= SILENT_MS;
      const isProved = keep !== undefined && now - keep.end.openedAt >= SPARE_LINGER_MS;
      if (isSilent || (link !== keep && link.end.isOutbound && isProved))
        link.connection.retire(link.end, 'spare connection');
    }
    this.#sweepLater(peer);
  }
}
