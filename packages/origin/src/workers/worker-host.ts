import {
  type Claim,
  forwardTarget,
  type OwnerOrder,
  publishElsewhere,
  route,
  type StreamKey,
} from '@headwater/directory';
import type { Elsewhere, MediaHost } from '@headwater/media';
import { OwnersListeners } from '@headwater/mesh/owners-listeners';
import { memberPlaces, relayHeads } from '../media-host.js';
import { choosePuller } from './choose-puller.js';
import { DirectoryReplica, type ReplicaOptions } from './directory-replica.js';
import type { Around, DirectoryChange } from './messages.js';

/** Addresses of which it is kept how many connections others have; the oldest word goes first. */
const ADDRESSES_MAX = 10_000;

export interface WorkerHostParts extends Omit<ReplicaOptions, 'onChanged'> {
  /** `relay.tls`. */
  readonly relayTls: boolean;
  /** `relay.tree`. */
  readonly relayTree: boolean;
  /** To main. */
  claim(claim: Claim): void;
  release(key: StreamKey): void;
  /** A listener threw. */
  onFault(error: unknown): void;
}

/** What media in a worker needs of the member: from memory, which main keeps as its own. */
export class WorkerHost {
  readonly replica: DirectoryReplica;
  readonly media: MediaHost;
  readonly #listeners: OwnersListeners;
  readonly #ofAddress = new Map<string, number>();
  #isTree: boolean;
  #around: Around = { connections: 0, isFull: false, isDisputed: false, listening: [] };

  constructor(parts: WorkerHostParts) {
    this.#listeners = new OwnersListeners((error) => parts.onFault(error));
    const replica = new DirectoryReplica({
      ...parts,
      onChanged: (changed) => this.#listeners.tell(changed),
    });
    this.replica = replica;
    this.#isTree = parts.relayTree;
    const heads = relayHeads(() => replica.directory);
    const isTree = (): boolean => this.#isTree;
    this.media = {
      ...memberPlaces(
        {
          members: () => replica.facts,
          member: (id) => replica.facts.find((member) => member.id === id),
        },
        parts.relayTls,
      ),
      get relayHead() {
        return isTree() ? heads : undefined;
      },
      member: parts.self,
      route: (request) =>
        route(replica.directory, this.#around.isFull ? { ...request, isFull: true } : request),
      publishElsewhere: (move) => publishElsewhere(replica.directory, move),
      forwardTarget: (forward) => forwardTarget(replica.directory, forward),
      owners: (key) => replica.directory.owners(key),
      onOwnersChanged: (listener, interest) => this.#listeners.add(listener, interest),
      claim: (claim) => {
        parts.claim(claim);
        replica.claim(claim);
      },
      release: (key) => {
        parts.release(key);
        replica.release(key);
      },
      isDisputed: () => this.#around.isDisputed,
      workerOf: (key) => replica.workerOf(key),
      pullerOf: (key) => choosePuller(key, this.#around.listening),
      elsewhere: (address) => ({
        connections: this.#around.connections,
        ofAddress: this.#ofAddress.get(address) ?? 0,
      }),
    };
  }

  take(changes: readonly DirectoryChange[]): void {
    this.replica.take(changes);
  }

  /** Owners are in this order from now on. */
  orderBy(order: OwnerOrder): void {
    this.replica.orderBy(order);
  }

  /** `relay.tree`, for relays from now on. */
  setRelayTree(isTree: boolean): void {
    this.#isTree = isTree;
  }

  around(around: Around): void {
    this.#around = around;
  }

  /** Told with each connection that is handed over: what the others have by now. */
  elsewhere(address: string, { connections, ofAddress }: Elsewhere): void {
    this.#around = { ...this.#around, connections };
    this.#ofAddress.delete(address);
    if (ofAddress > 0) this.#ofAddress.set(address, ofAddress);
    if (this.#ofAddress.size <= ADDRESSES_MAX) return;
    for (const oldest of this.#ofAddress.keys()) {
      this.#ofAddress.delete(oldest);
      break;
    }
  }

  stop(): void {
    this.#listeners.stop();
  }
}
