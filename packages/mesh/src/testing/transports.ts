import { createHash } from 'node:crypto';
import type { MemberId } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Connection, PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import type { SeedOutcome, Whereabouts } from '../core/input.js';
import type { MeshKey } from '../derived-key.js';
import { meshKeys } from '../mesh-key.js';
import type { QueryStreams } from '../query/query-streams.js';
import { Admission } from '../transport/admission.js';
import { FrameReader, frame } from '../transport/frames.js';
import { TOPIC } from '../transport/gossip.js';
import { KeyRing } from '../transport/key-ring.js';
import { createNode, type Node } from '../transport/libp2p-node.js';
import {
  createLibp2pTransport,
  PROTOCOL_NAME,
  type TransportOptions,
} from '../transport/libp2p-transport.js';
import type { Transport, TransportEvents, TransportGauges } from '../transport/transport.js';

const HOST = '127.0.0.1';

/** Those of a mesh that was given none. */
const NO_KEYS: readonly MeshKey[] = meshKeys(undefined, HOST);

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The same name has the same key, and so the same id, in each run. */
export const privateKeyOf = (name: string): Promise<PrivateKey> =>
  generateKeyPairFromSeed('Ed25519', createHash('sha256').update(name).digest());

const idOf = async (name: string): Promise<MemberId> =>
  peerIdFromPrivateKey(await privateKeyOf(name)).toString();

/** Two names, the one of the smaller id first: of two that never met that one dials. */
export const namesInOrder = async (): Promise<readonly [string, string]> =>
  (await idOf('one')) < (await idOf('other')) ? ['one', 'other'] : ['other', 'one'];

/** What a transport told, in its order; messages as text. */
export class ToldEvents implements TransportEvents {
  readonly connections: { readonly peer: MemberId; readonly from: Whereabouts }[] = [];
  readonly disconnections: { readonly peer: MemberId; readonly reason: string }[] = [];
  readonly failures: { readonly peer: MemberId; readonly reason: string; readonly startedAt: number }[] = [];
  readonly visits: { readonly seed: string; readonly outcome: SeedOutcome }[] = [];
  readonly directs: { readonly peer: MemberId; readonly text: string }[] = [];
  readonly broadcasts: { readonly via: MemberId; readonly text: string }[] = [];
  readonly offences: { readonly peer: MemberId; readonly reason: string }[] = [];
  /** Called as soon as a connection is told. */
  onConnected: (peer: MemberId) => void = () => {};

  connected(peer: MemberId, from: Whereabouts): void {
    this.connections.push({ peer, from });
    this.onConnected(peer);
  }
  disconnected(peer: MemberId, reason: string): void {
    this.disconnections.push({ peer, reason });
  }
  dialFailed(peer: MemberId, reason: string, startedAt: number): void {
    this.failures.push({ peer, reason, startedAt });
  }
  seedVisited(seed: string, outcome: SeedOutcome): void {
    this.visits.push({ seed, outcome });
  }
  direct(peer: MemberId, bytes: Uint8Array): void {
    this.directs.push({ peer, text: textOf(bytes) });
  }
  broadcast(bytes: Uint8Array, via: MemberId): boolean {
    this.broadcasts.push({ via, text: textOf(bytes) });
    return true;
  }
  offence(peer: MemberId, reason: string): void {
    this.offences.push({ peer, reason });
  }
}

/** A real transport on loopback, with what it told and logged. */
export interface TestTransport {
  readonly self: MemberId;
  readonly address: string;
  readonly transport: Transport & { readonly gauges: TransportGauges; readonly queries: QueryStreams };
  readonly told: ToldEvents;
  readonly log: MemoryLog;
}

/** `a` dials `b`, and both are told of it. */
export async function connect(a: TestTransport, b: TestTransport): Promise<void> {
  const isTold = (one: TestTransport, other: TestTransport): boolean =>
    one.told.connections.some(({ peer }) => peer === other.self);
  a.transport.dial(b.self, [b.address], 0);
  await until(() => isTold(a, b) && isTold(b, a), 'they are connected');
}

/** A stream of our protocol, whose one end is a test. */
export class BareStream {
  /** What came in, in its order: channel and text. */
  readonly frames: (readonly [channel: number, text: string])[] = [];
  readonly connection: Connection;
  readonly stream: Stream;
  /** The other side sends nothing more. */
  isEnded = false;

  constructor(connection: Connection, stream: Stream) {
    this.connection = connection;
    this.stream = stream;
    stream.addEventListener('remoteCloseWrite', () => {
      this.isEnded = true;
    });
    const reader = new FrameReader();
    stream.addEventListener('message', ({ data }) =>
      reader.push(data.subarray(), (channel, message) => this.frames.push([channel, textOf(message)])),
    );
  }

  send(channel: number, text: string): void {
    this.stream.send(frame(channel, Buffer.from(text)));
  }
}

/** Holds the key of the mesh, and opens connections and streams as a test likes: it has no transport of its own. */
export class BareMember {
  readonly id: MemberId;
  readonly node: Node;
  /** Opened by others. */
  readonly accepted: BareStream[] = [];
  /** What gossip brought, as text. */
  readonly gossip: string[] = [];

  constructor(node: Node) {
    this.id = node.peerId.toString();
    this.node = node;
    const { pubsub } = node.services;
    pubsub.addEventListener('message', ({ detail }) => this.gossip.push(textOf(detail.data)));
    pubsub.subscribe(TOPIC);
  }

  get address(): string {
    const [address] = this.node.getMultiaddrs();
    return `${HOST}:${address?.getComponents().find(({ name }) => name === 'tcp')?.value}`;
  }

  /** Takes streams of our protocol. */
  async accept(): Promise<void> {
    await this.node.handle(PROTOCOL_NAME, (stream, connection) => {
      this.accepted.push(new BareStream(connection, stream));
    });
  }

  /** A further connection, also where there is one. */
  dial({ address }: { readonly address: string }): Promise<Connection> {
    const [host, port] = address.split(':');
    return this.node.dial(multiaddr(`/ip4/${host}/tcp/${port}`), { force: true });
  }

  async open(connection: Connection): Promise<BareStream> {
    return new BareStream(connection, await connection.newStream(PROTOCOL_NAME));
  }

  /** The connections on which others open a stream for gossip, from now on, as they do; nothing answers there. */
  async gossipStreams(): Promise<readonly Connection[]> {
    const connections: Connection[] = [];
    for (const protocol of this.node.getProtocols().filter((one) => one.startsWith('/meshsub/'))) {
      await this.node.unhandle(protocol);
      await this.node.handle(protocol, (_, connection) => void connections.push(connection));
    }
    return connections;
  }

  /** Has gossip speak with the other end. */
  gossipOn(connection: Connection): void {
    this.node.services.gossipPeers.connected(connection.remotePeer, connection);
  }
}

/** Transports and bare members on loopback, all closed by `close`. */
export class Transports {
  readonly #started: TestTransport[] = [];
  readonly #bare: BareMember[] = [];

  async start(name: string, more: Partial<TransportOptions> = {}): Promise<TestTransport> {
    const privateKey = await privateKeyOf(name);
    const self = peerIdFromPrivateKey(privateKey).toString();
    const told = new ToldEvents();
    const log = new MemoryLog();
    const options = { host: HOST, port: 0, privateKey, keys: NO_KEYS, ...more };
    const transport = await createLibp2pTransport(self, options, told, log);
    const started = { self, address: `${HOST}:${transport.port}`, transport, told, log };
    this.#started.push(started);
    return started;
  }

  /** As `namesInOrder`. */
  async startTwo(more: Partial<TransportOptions> = {}): Promise<readonly [TestTransport, TestTransport]> {
    const [smaller, greater] = await namesInOrder();
    return [await this.start(smaller, more), await this.start(greater, more)];
  }

  async bare(name: string): Promise<BareMember> {
    const privateKey = await privateKeyOf(name);
    const quiet = new MemoryLog();
    const self = peerIdFromPrivateKey(privateKey).toString();
    const admission = new Admission(self, quiet, () => performance.now());
    const options = { host: HOST, port: 0, privateKey };
    const member = new BareMember(await createNode(options, new KeyRing(NO_KEYS, admission), admission));
    this.#bare.push(member);
    return member;
  }

  async close(): Promise<void> {
    // Who has no connection has nobody to say a last word to.
    for (const { transport, told } of this.#started)
      for (const { peer } of told.connections) transport.disconnect(peer, 'the test is over', 0);
    await Promise.all(this.#started.map(({ transport }) => transport.close()));
    await Promise.all(this.#bare.map(({ node }) => node.stop()));
  }
}
