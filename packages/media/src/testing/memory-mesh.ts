import {
  type Candidate,
  type Claim,
  forwardTarget,
  type MediaAddress,
  type MemberProfile,
  NO_LOAD,
  type Owner,
  primaryOrder,
  publishElsewhere,
  type RouteView,
  route,
  type StreamKey,
  type StreamKeys,
} from '@headwater/directory';
import type { MediaHost, RelayAddress, WorkerAddress } from '../media-host.js';

/** Members in one process that all see each claim at once: a mesh for tests of media. */
export class MemoryMesh {
  readonly #profiles = new Map<string, MemberProfile>();
  readonly #claims = new Map<string, Map<StreamKey, Claim>>();
  /** Whose each claim of a member with several workers is. */
  readonly #workers = new Map<string, Map<StreamKey, WorkerAddress>>();
  readonly #relayTls = new Map<string, NonNullable<RelayAddress['tls']>>();
  readonly #disputed = new Set<string>();
  readonly #listeners = new Map<(key: StreamKey) => void, StreamKeys>();
  readonly #full = new Set<string>();
  readonly #draining = new Set<string>();
  readonly #edges = new Set<string>();

  /**
   * A member's host, or that of one of its workers: these have one identity and one list of claims. The member's address is
   * set once its ports are known.
   */
  host(name: string, worker: WorkerAddress | null = null): MediaHost {
    if (worker === null || !this.#claims.has(name)) {
      this.setPorts(name, 1, 1);
      this.#claims.set(name, new Map());
      this.#workers.set(name, new Map());
    }
    const own = this.#claims.get(name);
    const workers = this.#workers.get(name);
    const isOthers = (key: StreamKey): boolean => (workers?.get(key) ?? worker)?.worker !== worker?.worker;
    const view = (): RouteView => ({
      self: name,
      profile: this.#profile(name),
      owners: (key) => this.owners(key),
      withRoom: () => this.#withRoom(name),
    });
    return {
      member: name,
      route: (request) => route(view(), request),
      publishElsewhere: (move) => publishElsewhere(view(), move),
      forwardTarget: (forward) => forwardTarget(view(), forward),
      owners: (key) => this.owners(key),
      onOwnersChanged: (listener, interest) => {
        this.#listeners.set(listener, interest);
        return () => this.#listeners.delete(listener);
      },
      claim: (claim) => {
        if (worker !== null) workers?.set(claim.key, worker);
        own?.set(claim.key, claim);
        this.#tell(claim.key);
      },
      isDisputed: () => this.#disputed.has(name),
      release: (key) => {
        // Another worker may have it by now.
        if (isOthers(key)) return;
        workers?.delete(key);
        own?.delete(key);
        this.#tell(key);
      },
      relayAddress: (member) => {
        const address = this.#profiles.get(member)?.relayAddress;
        const tls = this.#relayTls.get(member);
        return address === undefined ? null : { ...address, ...(tls !== undefined && { tls }) };
      },
      isMemberAddress: () => false,
      workerOf: (key) => (isOthers(key) ? (workers?.get(key) ?? null) : null),
      detours: (owner) => [...this.#profiles.keys()].filter((member) => member !== owner && member !== name),
    };
  }

  /** Whether a twin of this member runs. */
  dispute(name: string, isDisputed: boolean): void {
    if (isDisputed) this.#disputed.add(name);
    else this.#disputed.delete(name);
  }

  /** `secure`: the ports for TLS, which it tells of where they are given. */
  setPorts(
    name: string,
    rtmpPort: number,
    httpPort: number,
    secure?: { rtmps: number; https: number },
  ): void {
    const tls = secure === undefined ? {} : { rtmpsPort: secure.rtmps, httpsPort: secure.https };
    this.setAddress(name, { network: 'test', host: '127.0.0.1', rtmpPort, httpPort, ...tls });
  }

  /** Others pull from it by TLS from now on. */
  setRelayTls(name: string, tls: NonNullable<RelayAddress['tls']>): void {
    this.#relayTls.set(name, tls);
  }

  /** Where a member is, for clients and for pulls. */
  setAddress(name: string, address: MediaAddress): void {
    this.#profiles.set(name, {
      name,
      role: 'origin',
      addresses: [address],
      relayAddress: address,
      draining: false,
      program: 'test',
    });
  }

  /** A member says that it is full, or no longer. */
  setFull(name: string, isFull: boolean): void {
    if (isFull) this.#full.add(name);
    else this.#full.delete(name);
  }

  /** A member owns nothing. */
  setEdge(name: string): void {
    this.#edges.add(name);
  }

  /** A member says that it is draining, or stays. */
  setDraining(name: string, isDraining: boolean): void {
    if (isDraining) this.#draining.add(name);
    else this.#draining.delete(name);
    for (const key of this.#claims.get(name)?.keys() ?? []) this.#tell(key);
  }

  owners(key: StreamKey): Owner[] {
    const owners: Owner[] = [];
    for (const [member, claims] of this.#claims) {
      const claim = claims.get(key);
      if (claim === undefined) continue;
      const owner: Owner = {
        member,
        profile: this.#profile(member),
        liveness: 'alive',
        load: NO_LOAD,
        claim,
      };
      // As the directory's, none of whose properties are its own.
      owners.push(Object.create(owner));
    }
    return owners.sort(primaryOrder);
  }

  /** One worker of a member is gone with all its claims. */
  dropWorker(name: string, worker: number): void {
    for (const [key, { worker: number }] of [...(this.#workers.get(name) ?? [])]) {
      if (number !== worker) continue;
      this.#workers.get(name)?.delete(key);
      this.#claims.get(name)?.delete(key);
      this.#tell(key);
    }
  }

  /** The member is gone with all its claims. */
  drop(name: string): void {
    const claims = [...(this.#claims.get(name)?.keys() ?? [])];
    this.#claims.get(name)?.clear();
    this.#workers.get(name)?.clear();
    for (const key of claims) this.#tell(key);
  }

  #profile(name: string): MemberProfile {
    const profile = this.#profiles.get(name);
    if (profile === undefined) throw new Error(`no member ${name}`);
    const role = this.#edges.has(name) ? 'edge' : 'origin';
    return { ...profile, role, full: this.#full.has(name), draining: this.#draining.has(name) };
  }

  #withRoom(asker: string): Candidate[] {
    return [...this.#profiles.keys()]
      .filter((member) => member !== asker && !this.#full.has(member) && !this.#draining.has(member))
      .map((member) => ({ member, profile: this.#profile(member) }));
  }

  #tell(key: StreamKey): void {
    for (const [listener, interest] of [...this.#listeners]) if (interest.has(key)) listener(key);
  }
}
