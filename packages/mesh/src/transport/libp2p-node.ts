import './promise-with-resolvers.js';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { GossipSub } from '@chainsafe/libp2p-gossipsub';
import type { Libp2p, PrivateKey } from '@libp2p/interface';
import { createLibp2p } from 'libp2p';
import { MEMBERS_MAX } from '../core/limits.js';
import { MeshError } from '../mesh.js';
import type { Admission } from './admission.js';
import { deltaGossip } from './gossip.js';
import { GossipPeers } from './gossip-peers.js';
import { guardedTcp, PENDING_CONNECTIONS_MAX } from './guarded-tcp.js';
import type { KeyRing } from './key-ring.js';
import { lazyYamux } from './lazy-window.js';
import { quiet } from './quiet-peer-store.js';
import { silentLogger } from './silent-logger.js';

/** A secured connection must carry our stream within this time: half-open ones are closed. */
export const STREAM_TIMEOUT_MS = 10_000;

/** libp2p's own timeouts do not know that this process was late itself; ours come sooner. */
const LIBP2P_TIMEOUT_MS = 60_000;

/** Connections at once: each member may have two for a moment. */
const CONNECTIONS_MAX = 2 * MEMBERS_MAX;

/** New connections per second and IP: a whole mesh on one host may start at once. */
const CONNECTIONS_PER_SECOND_MAX = 1_000;

export interface NodeOptions {
  readonly host: string;
  readonly port: number;
  readonly privateKey: PrivateKey;
}

interface Services extends Record<string, unknown> {
  readonly pubsub: GossipSub;
  readonly gossipPeers: GossipPeers;
  readonly keyRing: Record<string, never>;
}

export type Node = Libp2p<Services>;

/**
 * libp2p as we use it: TCP, noise with the mesh keys, yamux and gossipsub; it listens when this returns. All
 * that would dial, ping, discover or prune by itself is off: the core decides that.
 *
 * @throws MeshError `listen` where the address is taken or not ours.
 */
export async function createNode(options: NodeOptions, keys: KeyRing, admission: Admission): Promise<Node> {
  const { host, port, privateKey } = options;
  const isRefused = (peer: { toString(): string }): boolean => admission.isRefused(peer.toString());
  try {
    // Stryker disable next-line ConditionalExpression: of an address, the system finds that very address.
    const ip = isIP(host) === 0 ? (await lookup(host)).address : host;
    const node = await createLibp2p<Services>({
      privateKey,
      ...(process.env.DEBUG === undefined && { logger: silentLogger }),
      addresses: { listen: [`/${isIP(ip) === 6 ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`] },
      transports: [
        guardedTcp(
          { backlog: 512, maxConnections: CONNECTIONS_MAX + PENDING_CONNECTIONS_MAX },
          () => keys.ids,
          admission,
        ),
      ],
      connectionEncrypters: keys.encrypters(),
      // Our heartbeats notice a dead connection sooner than these keep-alives would.
      streamMuxers: [lazyYamux({ enableKeepAlive: false, maxInboundStreams: 64, maxOutboundStreams: 64 })],
      connectionMonitor: { enabled: false },
      connectionGater: {
        // Stryker disable next-line ArrowFunction: undefined denies nothing either.
        denyDialMultiaddr: () => false,
        denyInboundEncryptedConnection: isRefused,
        denyOutboundEncryptedConnection: isRefused,
      },
      connectionManager: {
        maxConnections: CONNECTIONS_MAX,
        maxIncomingPendingConnections: PENDING_CONNECTIONS_MAX,
        inboundConnectionThreshold: CONNECTIONS_PER_SECOND_MAX,
        inboundUpgradeTimeout: LIBP2P_TIMEOUT_MS,
        dialTimeout: LIBP2P_TIMEOUT_MS,
        addressDialTimeout: LIBP2P_TIMEOUT_MS,
        inboundStreamProtocolNegotiationTimeout: LIBP2P_TIMEOUT_MS,
        maxParallelDials: 64,
        maxDialQueueLength: 1_024,
        reconnectRetries: 0,
      },
      services: {
        pubsub: deltaGossip(),
        gossipPeers: (components) => new GossipPeers(components),
        keyRing: (components) => keys.service(components),
      },
    });
    quiet(node.peerStore);
    return node;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeshError('listen', `the mesh cannot listen on ${host}:${port}: ${listenReason(reason)}`, {
      cause: error,
    });
  }
}

function listenReason(reason: string): string {
  if (reason.includes('EADDRINUSE')) return 'the port is taken';
  if (reason.includes('EADDRNOTAVAIL')) return 'this machine has no such address';
  if (reason.includes('EACCES')) return 'not permitted, ports below 1024 need rights';
  if (reason.includes('ENOTFOUND')) return 'the name cannot be resolved';
  return reason;
}

export function boundPort(node: Node): number {
  for (const address of node.getMultiaddrs()) {
    const port = address.getComponents().find((component) => component.name === 'tcp')?.value;
    if (port) return Number(port);
  }
  throw new MeshError('listen', 'the mesh listens on no TCP port');
}
