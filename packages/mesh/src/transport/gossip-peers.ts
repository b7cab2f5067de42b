import { type Connection, type PeerId, serviceCapabilities, type Topology } from '@libp2p/interface';

/** The part of libp2p that is used here. */
interface Components {
  readonly registrar: { getTopologies(protocol: string): Topology[] };
}

/** The newest that gossipsub speaks. */
const PROTOCOL = '/meshsub/1.2.0';

/**
 * Tells gossipsub whom it can speak with, in the place of libp2p's `identify`, by which both sides ask what the other one
 * speaks: a stream each way, two signed records and as many writes to a store, for each link. Whoever has opened our own
 * stream is a member and speaks gossip.
 */
export class GossipPeers {
  readonly [serviceCapabilities] = ['@libp2p/identify'];
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
  }

  connected(peer: PeerId, connection: Connection): void {
    for (const topology of this.#topologies()) topology.onConnect?.(peer, connection);
  }

  /** Its last connection is gone. */
  disconnected(peer: PeerId): void {
    for (const topology of this.#topologies()) topology.onDisconnect?.(peer);
  }

  /** @throws where this version of gossipsub speaks another protocol. */
  #topologies(): Topology[] {
    const topologies = this.#components.registrar.getTopologies(PROTOCOL);
    if (topologies.length === 0) throw new Error(`this version of gossipsub does not speak ${PROTOCOL}`);
    return topologies;
  }
}
