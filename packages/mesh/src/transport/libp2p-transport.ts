import './promise-with-resolvers.js';
import { isIP } from 'node:net';
import { lookup } from 'node:dns/promises';
import { type GossipSub, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import type { MemberId } from '@headwater/directory';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { MEMBERS_MAX } from '../core/limits.js';
import type { MeshLog } from '../mesh.js';
import { MeshError } from '../mesh.js';
import { Dialler } from './dialler.js';
import { BROADCAST, DIRECT } from './frames.js';
import { deltaGossip, TOPIC } from './gossip.js';
import { HandshakeReports } from './handshake-reports.js';
import { keyedNoise } from './keyed-noise.js';
import { Link } from './link.js';
import { Links } from './links.js';
import type { Transport, TransportEvents } from './transport.js';

/** Name and version of what our streams carry. */
export const PROTOCOL_NAME = '/headwater/mesh/1';

/** A connection must be secured, and then carry our stream, within this time each: half-open ones are closed. */
export const UPGRADE_TIMEOUT_MS = 5_000;

/** Connections at once: each member may have two for a moment. */
export const CONNECTIONS_MAX = 2 * MEMBERS_MAX;

/** Connections not yet secured at once. */
export const PENDING_CONNECTIONS_MAX = 256;

/** How often spare and silent connections are looked for. */
const SWEEP_MS = 500;

/** How long leaving may take. */
const CLOSE_TIMEOUT_MS = 500;

export interface Libp2pTransportOptions {
  readonly host: string;
  readonly port: number;
  readonly privateKey: PrivateKey;
  /** 32 bytes from the mesh key. */
  readonly prologue: Uint8Array;
}

interface Services extends Record<string, unknown> {
  readonly identify: Identify;
  readonly pubsub: GossipSub;
}

/**
 * The network over libp2p: TCP, noise with the mesh key, yamux; one long-lived stream per member for direct messages,
 * gossipsub for broadcasts. Who dials and when is not libp2p's business here.
 *
 * @throws MeshError `listen` where the address is taken or not ours.
 */
export async function createLibp2pTransport(
  options: Libp2pTransportOptions,
  events: TransportEvents,
  log: MeshLog,
): Promise<Transport> {
  const reports = new HandshakeReports(log);
  const refused = new Map<MemberId, number>();
  const isRefused = (peer: { toString(): string }): boolean =>
    (refused.get(peer.toString()) ?? 0) > performance.now();
  const node = await listen(options, reports, isRefused);
  const transport = new Libp2pTransport(node, events, log, refused);
  await transport.start();
  return transport;
}

async function listen(
  { host, port, privateKey, prologue }: Libp2pTransportOptions,
  reports: HandshakeReports,
  isRefused: (peer: { toString(): string }) => boolean,
): Promise<Libp2p<Services>> {
  try {
    const ip = isIP(host) === 0 ? (await lookup(host)).address : host;
    return await createLibp2p<Services>({
      privateKey,
      addresses: { listen: [`/${isIP(ip) === 6 ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`] },
      transports: [tcp({ backlog: 512, maxConnections: CONNECTIONS_MAX + PENDING_CONNECTIONS_MAX })],
      connectionEncrypters: [
        keyedNoise(prologue, (failure, direction, remote) => reports.failed(failure, direction, remote)),
      ],
      // Our heartbeats notice a dead connection sooner than these keep-alives would.
      streamMuxers: [yamux({ enableKeepAlive: false, maxInboundStreams: 64, maxOutboundStreams: 64 })],
      connectionMonitor: { enabled: false },
      connectionGater: {
        denyDialMultiaddr: () => false,
        denyInboundEncryptedConnection: isRefused,
        denyOutboundEncryptedConnection: isRefused,
      },
      connectionManager: {
        maxConnections: CONNECTIONS_MAX,
        maxIncomingPendingConnections: PENDING_CONNECTIONS_MAX,
        inboundConnectionThreshold: 1_000,
        inboundUpgradeTimeout: UPGRADE_TIMEOUT_MS,
        maxParallelDials: 64,
        maxDialQueueLength: 1_024,
        reconnectRetries: 0,
      },
      services: { identify: identify(), pubsub: deltaGossip() },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeshError('listen', `the mesh cannot listen on ${host}:${port}: ${listenReason(reason)}`, {
      cause: error,
    });
  }
}

const listenReason = (reason: string): string => {
  if (reason.includes('EADDRINUSE')) return 'the port is taken';
  if (reason.includes('EADDRNOTAVAIL')) return 'this machine has no such address';
  if (reason.includes('EACCES')) return 'not permitted, ports below 1024 need rights';
  if (reason.includes('ENOTFOUND')) return 'the name cannot be resolved';
  return reason;
};

class Libp2pTransport implements Transport {
  readonly self: MemberId;
  readonly port: number;
  readonly #node: Libp2p<Services>;
  readonly #events: TransportEvents;
  readonly #log: MeshLog;
  readonly #refused: Map<MemberId, number>;
  readonly #dialler: Dialler;
  readonly #links = new Map<MemberId, Links>();
  /** Where a connection was dialled, until its link opens. */
  readonly #dialled = new WeakMap<Connection, string>();
  readonly #sweep: NodeJS.Timeout;
  #isClosed = false;

  constructor(node: Libp2p<Services>, events: TransportEvents, log: MeshLog, refused: Map<MemberId, number>) {
    this.#node = node;
    this.#events = events;
    this.#log = log;
    this.#refused = refused;
    this.self = node.peerId.toString();
    this.port = boundPort(node);
    this.#dialler = new Dialler(node, () => this.port);
    this.#sweep = setInterval(() => this.#sweepLinks(), SWEEP_MS);
  }

  async start(): Promise<void> {
    await this.#node.handle(PROTOCOL_NAME, (stream, connection) => this.#open(stream, connection, false), {
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
    });
    this.#node.addEventListener('connection:open', ({ detail }) => this.#connectionOpened(detail));
    const { pubsub } = this.#node.services;
    pubsub.topicValidators.set(TOPIC, (via, message) => {
      const isSound = !this.#isClosed && this.#events.broadcast(message.data, via.toString());
      return isSound ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
    });
    pubsub.subscribe(TOPIC);
  }

  dial(peer: MemberId, addresses: readonly string[]): void {
    this.#dialler
      .dial(peer, addresses, (connection, address) => this.#dialled.set(connection, address))
      .catch(String)
      .then((failure) => {
        if (failure !== null && !this.#isClosed) this.#events.dialFailed(peer, failure);
      });
  }

  visit(seed: string): void {
    this.#dialler
      .visit(seed, (connection, address) => this.#dialled.set(connection, address))
      .catch((error) => ({ reached: [], isSelf: false, failure: String(error) }))
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

  disconnect(peer: MemberId, reason: string, refuseMs: number): void {
    if (refuseMs > 0) this.#refused.set(peer, performance.now() + refuseMs);
    for (const link of this.#links.get(peer)?.all() ?? []) link.abort(reason);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#sweep);
    const closing = this.#node.getConnections().map((connection) =>
      connection
        .close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
        .catch((error: Error) => connection.abort(error)),
    );
    await Promise.all(closing);
    await Promise.resolve(this.#node.stop()).catch((error: Error) =>
      this.#log.debug({ reason: error.message }, 'mesh transport not closed in good order'),
    );
  }

  /** Who dialled opens the stream; the other side waits for it, but not for long. */
  #connectionOpened(connection: Connection): void {
    if (connection.direction === 'outbound') {
      connection
        .newStream(PROTOCOL_NAME, { signal: AbortSignal.timeout(UPGRADE_TIMEOUT_MS) })
        .then((stream) => this.#open(stream, connection, true))
        .catch((error: Error) => connection.abort(error));
      return;
    }
    const deadline = setTimeout(() => {
      const links = this.#links.get(connection.remotePeer.toString())?.all() ?? [];
      if (!links.some((link) => link.connection.id === connection.id)) connection.abort(new Error('no mesh stream'));
    }, UPGRADE_TIMEOUT_MS);
    connection.addEventListener('close', () => clearTimeout(deadline));
  }

  #open(stream: Stream, connection: Connection, isOutbound: boolean): void {
    if (this.#isClosed) return connection.abort(new Error('closing'));
    const peer = connection.remotePeer.toString();
    const link = new Link(connection, stream, isOutbound, () => performance.now(), {
      message: (_, channel, message) => this.#message(peer, channel, message),
      offence: (_, reason) => this.#events.offence(peer, reason),
      closed: (closed, reason) => this.#closed(peer, closed, reason),
    });
    const links = this.#links.get(peer) ?? new Links(this.self, peer);
    this.#links.set(peer, links);
    links.add(link);
    const dialled = this.#dialled.get(connection);
    const seenAs = isOutbound ? undefined : connection.remoteAddr.getComponents()[0]?.value;
    this.#events.connected(peer, { ...(dialled && { dialled }), ...(seenAs && { seenAs }) });
    link.open();
  }

  #message(peer: MemberId, channel: number, message: Uint8Array): void {
    if (channel === DIRECT) this.#events.direct(peer, message);
    else if (channel === BROADCAST) this.#events.broadcast(message, peer);
    else this.#events.offence(peer, 'frame on an unknown channel');
  }

  #closed(peer: MemberId, link: Link, reason: string): void {
    const links = this.#links.get(peer);
    if (!links?.delete(link)) return;
    if (links.size === 0) {
      this.#links.delete(peer);
      if (!this.#isClosed) this.#events.disconnected(peer, reason);
      return;
    }
    // gossipsub's stream may have gone with that connection, and it makes a new one only when told of the member again.
    const rest = links.best?.connection;
    if (rest) this.#node.services.identify.identify(rest).catch(() => {});
  }

  #sweepLinks(): void {
    const now = performance.now();
    for (const links of this.#links.values()) for (const link of links.spare(now)) link.close('spare connection');
    for (const [peer, until] of this.#refused) if (until <= now) this.#refused.delete(peer);
  }
}

function boundPort(node: Libp2p): number {
  for (const address of node.getMultiaddrs()) {
    const port = address.getComponents().find((component) => component.name === 'tcp')?.value;
    if (port) return Number(port);
  }
  throw new MeshError('listen', 'the mesh listens on no TCP port');
}
