import { setTimeout as delay } from 'node:timers/promises';
import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import { type MemberId, plainAddress } from '@headwater/directory';
import type { Connection, Stream } from '@libp2p/interface';
import type { SeedOutcome, Whereabouts } from '../core/input.js';
import type { MeshKey } from '../derived-key.js';
import type { MeshLog } from '../mesh.js';
import type { QueryStreams } from '../query/query-streams.js';
import { abortConnection } from './abort-connection.js';
import { Admission } from './admission.js';
import { Dialler } from './dialler.js';
import { BROADCAST, DIRECT } from './frames.js';
import { TOPIC } from './gossip.js';
import { KeyRing } from './key-ring.js';
import { boundPort, createNode, type Node, type NodeOptions, STREAM_TIMEOUT_MS } from './libp2p-node.js';
import { Libp2pQueryStreams } from './libp2p-query-streams.js';
import { Link } from './link.js';
import { Links } from './links.js';
import { Names } from './names.js';
import { OwnTimeout } from './own-timeout.js';
import type { Transport, TransportEvents, TransportGauges } from './transport.js';

/** Name and version of what our streams carry. */
export const PROTOCOL_NAME = '/headwater/mesh/1';

/** How often spare and silent connections are looked for, while a member has more than one. */
const SWEEP_MS = 500;

/** Members remembered as met. */
const MET_MAX = 1_024;

/** What is said last, such as leave, is given so long to be read before connections are closed. */
const LAST_WORDS_MS = 100;

/** How long leaving may take. */
const LEAVE_TIMEOUT_MS = 500;

const now = (): number => performance.now();

export interface TransportOptions extends NodeOptions {
  /** The one to dial with first; each is accepted. */
  readonly keys: readonly MeshKey[];
  /** Resolves the names of members; one of its own where absent. */
  readonly names?: Names;
}

/**
 * The network over libp2p: one long-lived stream per member for direct messages, gossipsub for broadcasts.
 *
 * @throws MeshError `listen` where the address is taken or not ours.
 */
export async function createLibp2pTransport(
  self: MemberId,
  options: TransportOptions,
  events: TransportEvents,
  log: MeshLog,
): Promise<Transport & { readonly gauges: TransportGauges; readonly queries: QueryStreams }> {
  const admission = new Admission(self, log, now);
  const keys = new KeyRing(options.keys, admission);
  const node = await createNode(options, keys, admission);
  const transport = new Libp2pTransport(node, options.names ?? new Names(), keys, admission, events, log);
  await transport.start();
  return transport;
}

class Libp2pTransport implements Transport {
  readonly self: MemberId;
  readonly port: number;
  readonly queries: QueryStreams;
  readonly #node: Node;
  readonly #keys: KeyRing;
  readonly #admission: Admission;
  readonly #events: TransportEvents;
  readonly #log: MeshLog;
  readonly #dialler: Dialler;
  readonly #links = new Map<MemberId, Links>();
  readonly #met = new Set<MemberId>();
  /** Links under way or open on the connections that were dialled. */
  readonly #openings = new WeakMap<Connection, Promise<void>>();
  #sweep: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(
    node: Node,
    names: Names,
    keys: KeyRing,
    admission: Admission,
    events: TransportEvents,
    log: MeshLog,
  ) {
    this.#node = node;
    this.#keys = keys;
    this.#admission = admission;
    this.#events = events;
    this.#log = log;
    this.self = node.peerId.toString();
    this.port = boundPort(node);
    this.queries = new Libp2pQueryStreams(node, (peer) => this.#links.get(peer)?.best?.connection);
    this.#dialler = new Dialler(node, names, {
      self: this.self,
      port: this.port,
      selfMet: () => admission.selfMet,
      isConnected: (peer) => this.#links.has(peer),
      hasMet: (peer) => this.#met.has(peer),
      isAnswering: () => admission.pendingConnections > 0,
      open: (connection, address) => this.#openOnce(connection, address),
    });
  }

  async start(): Promise<void> {
    await this.#node.handle(PROTOCOL_NAME, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
    });
    this.#node.addEventListener('connection:open', ({ detail }) => this.#awaitStream(detail));
    const { pubsub } = this.#node.services;
    pubsub.topicValidators.set(TOPIC, (via, message) => {
      const isSound = !this.#isClosed && this.#events.broadcast(message.data, via.toString());
      return isSound ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
    });
    pubsub.subscribe(TOPIC);
  }

  get gauges(): TransportGauges {
    let links = 0;
    for (const each of this.#links.values()) links += each.size;
    const { pendingConnections } = this.#admission;
    return { links, pendingConnections, ...this.#dialler.gauges };
  }

  dial(peer: MemberId, addresses: readonly string[], startedAt: number): void {
    this.#dialler
      .dial(peer, addresses)
      .catch(String)
      .then((failure) => {
        if (failure !== null && !this.#isClosed) this.#events.dialFailed(peer, failure, startedAt);
      });
  }

  visit(seed: string): void {
    this.#dialler
      .visit(seed)
      .catch((error): SeedOutcome => ({ reached: [], isSelf: false, failure: String(error) }))
      .then((outcome) => {
        if (!this.#isClosed) this.#events.seedVisited(seed, outcome);
      });
  }

  send(peer: MemberId, bytes: Uint8Array): void {
    this.#links.get(peer)?.best?.send(DIRECT, bytes);
  }

  broadcast(bytes: Uint8Array): void {
    this.#node.services.pubsub
      .publish(TOPIC, bytes)
      .then(({ recipients }) => new Set(recipients.map(String)))
      .catch((error: Error) => {
        this.#log.debug({ reason: error.message }, 'broadcast not published');
        return new Set<MemberId>();
      })
      .then((reached) => {
        // gossipsub knows a new member only some round trips after it connected: until then, tell it directly.
        for (const [peer, links] of this.#links) if (!reached.has(peer)) links.best?.send(BROADCAST, bytes);
      });
  }

  setKeys(keys: readonly MeshKey[]): void {
    this.#keys.replace(keys);
    this.#admission.keysReplaced();
  }

  disconnect(peer: MemberId, reason: string, refuseMs: number): void {
    this.#admission.refuse(peer, refuseMs);
    for (const link of this.#links.get(peer)?.all() ?? []) link.abort(reason);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#sweep) clearInterval(this.#sweep);
    const links = [...this.#links.values()].flatMap((ofMember) => ofMember.all());
    // Others may close at this very moment, too, and then a connection is reset before what was said last is read.
    if (links.length > 0) await delay(LAST_WORDS_MS);
    const linked = new Set(links.map(({ connection }) => connection));
    const others = this.#node.getConnections().filter((connection) => !linked.has(connection));
    for (const connection of others) abortConnection(connection, 'closing');
    await Promise.all(links.map((link) => link.close('closing', LEAVE_TIMEOUT_MS)));
    await Promise.resolve(this.#node.stop()).catch((error: Error) =>
      this.#log.debug({ reason: error.message }, 'mesh transport not closed in good order'),
    );
  }

  /** Who dialled opens the stream. */
  #openOnce(connection: Connection, dialled: string): Promise<void> {
    const known = this.#openings.get(connection);
    if (known) return known;
    const timeout = new OwnTimeout(STREAM_TIMEOUT_MS, `no stream within ${STREAM_TIMEOUT_MS} ms`);
    const opening = connection
      .newStream(PROTOCOL_NAME, { signal: timeout.signal })
      .finally(() => timeout.clear())
      .then((stream) => this.#link(stream, connection, { dialled, ...remoteIpOf(connection) }))
      .catch((error: Error) => {
        abortConnection(connection, error.message);
        throw error;
      });
    this.#openings.set(connection, opening);
    return opening;
  }

  #accept(stream: Stream, connection: Connection): void {
    const { remoteIp } = remoteIpOf(connection);
    this.#link(stream, connection, remoteIp === undefined ? {} : { seenAs: remoteIp, remoteIp });
  }

  /** Who was dialled waits for the stream, but not for long. */
  #awaitStream(connection: Connection): void {
    if (connection.direction !== 'inbound') return;
    const timeout = new OwnTimeout(STREAM_TIMEOUT_MS, 'no mesh stream');
    timeout.signal.addEventListener('abort', () => {
      const links = this.#links.get(connection.remotePeer.toString())?.all() ?? [];
      if (!links.some((link) => link.connection === connection))
        abortConnection(connection, 'no mesh stream');
    });
    connection.addEventListener('close', () => timeout.clear());
  }

  #link(stream: Stream, connection: Connection, from: Whereabouts): void {
    if (this.#isClosed) {
      abortConnection(connection, 'closing');
      return;
    }
    const peer = connection.remotePeer.toString();
    const link = new Link(connection, stream, connection.direction === 'outbound', now, {
      message: (_, channel, message) => this.#message(peer, channel, message),
      offence: (_, reason) => this.#events.offence(peer, reason),
      closed: (closed, reason) => this.#closed(peer, closed, reason),
    });
    const links = this.#links.get(peer) ?? new Links(this.self, peer);
    this.#links.set(peer, links);
    links.add(link);
    if (this.#met.size >= MET_MAX) this.#met.clear();
    this.#met.add(peer);
    if (links.size > 1) this.#sweep ??= setInterval(() => this.#sweepLinks(), SWEEP_MS);
    this.#node.services.gossipPeers.connected(connection.remotePeer, connection);
    this.#events.connected(peer, from);
    link.open();
  }

  #message(peer: MemberId, channel: number, message: Uint8Array): void {
    // Other channels are a later version's.
    if (channel === DIRECT) this.#events.direct(peer, message);
    else if (channel === BROADCAST) this.#events.broadcast(message, peer);
  }

  #closed(peer: MemberId, link: Link, reason: string): void {
    const links = this.#links.get(peer);
    if (!links?.delete(link)) return;
    if (links.size === 0) {
      this.#links.delete(peer);
      // What closes while this one stops: gossipsub may have stopped by then, and nobody is told any more.
      if (this.#isClosed) return;
      this.#node.services.gossipPeers.disconnected(link.connection.remotePeer);
      this.#events.disconnected(peer, reason);
      return;
    }
    // gossipsub's stream may go with that connection. It makes another only where told of the member once the first is gone.
    if (isOpen(link.connection)) link.connection.addEventListener('close', () => this.#tellGossip(peer));
    else this.#tellGossip(peer);
  }

  #tellGossip(peer: MemberId): void {
    const connection = this.#links.get(peer)?.best?.connection;
    if (connection && !this.#isClosed)
      this.#node.services.gossipPeers.connected(connection.remotePeer, connection);
  }

  #sweepLinks(): void {
    let hasSpare = false;
    for (const links of this.#links.values()) {
      hasSpare ||= links.size > 1;
      for (const link of links.spare(now())) void link.retire('spare connection');
    }
    if (hasSpare || this.#sweep === null) return;
    clearInterval(this.#sweep);
    this.#sweep = null;
  }
}

/** It may be on its way to be closed. */
const isOpen = ({ status }: Connection): boolean => status === 'open' || status === 'closing';

function remoteIpOf(connection: Connection): { readonly remoteIp?: string } {
  // Stryker disable next-line OptionalChaining: the address of a TCP connection begins with its IP.
  const ip = connection.remoteAddr.getComponents()[0]?.value;
  return ip === undefined ? {} : { remoteIp: plainAddress(ip) };
}
