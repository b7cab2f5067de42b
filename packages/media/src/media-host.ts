import type {
  Candidate,
  Claim,
  MemberId,
  Owner,
  PlayRequest,
  PublisherMove,
  PublishForward,
  PublishTarget,
  Route,
  StreamKey,
  StreamKeys,
} from '@headwater/directory';

/** What media needs from the process around it: ownership and routes. `origin` implements it over the mesh. */
export interface MediaHost {
  readonly member: MemberId;
  /** Where this play goes, from memory, at once. */
  route(request: PlayRequest): Route;
  /** The member that a publisher here is asked to go to while this one drains; null where there is none. */
  publishElsewhere(move: PublisherMove): PublishTarget | null;
  /** The origin that a publish here is forwarded to; null where there is none. */
  forwardTarget(forward: PublishForward): Candidate | null;
  /** Standing claims on a stream, best first, this member's own included. */
  owners(key: StreamKey): readonly Owner[];
  /**
   * Called whenever the answer of `owners(key)` may have changed, for each stream in `interest`, which is looked at again
   * each time. Returns how to stop being called.
   */
  onOwnersChanged(listener: (key: StreamKey) => void, interest: StreamKeys): () => void;
  /** A publisher was accepted here, or what is in its stream became known (same `sinceMs`). */
  claim(claim: Claim): void;
  /** The publisher is gone. */
  release(key: StreamKey): void;
  /** Another process runs with this member's identity, so nobody may see what this one claims. */
  isDisputed(): boolean;
  /** Where this member pulls streams from that one; null where it is not known. */
  relayAddress(member: MemberId): RelayAddress | null;
  /**
   * Members through which this one may pull the streams of an owner that it cannot reach itself, best first, a few at most.
   * They are asked only after that has failed.
   */
  detours(owner: MemberId): readonly MemberId[];
  /**
   * Where relays may pull from each other (`relay.tree`): the member of this one's zone through which it is to pull this owner's
   * stream, none of those avoided; null: it pulls from the owner itself. Absent: relays pull from owners. A reload may bring it
   * and take it away; streams that are there keep what they began with.
   */
  readonly relayHead?: ((owner: Owner, avoided: ReadonlySet<MemberId>) => MemberId | null) | undefined;
  /** Whether a live member is known to be at this IP, so that a connection from there may be its pull. */
  isMemberAddress(ip: string): boolean;
  /**
   * The other worker of this member that has the stream's publisher; null where it is here, or nowhere on this member.
   * A change of it is told by `onOwnersChanged`.
   */
  workerOf(key: StreamKey): WorkerAddress | null;
  /**
   * The worker of this member that pulls this stream from other members for all of them, this one perhaps; null or absent:
   * each pulls for itself, as where there is no other.
   */
  pullerOf?(key: StreamKey): WorkerAddress | null;
  /** What counts against the limits here, but is on the other workers of this member; absent: nothing is. */
  elsewhere?(address: string): Elsewhere;
}

/** Connections on the other workers of this member. */
export interface Elsewhere {
  readonly connections: number;
  /** Of the address asked for, as limits count it; pulls of members excepted. */
  readonly ofAddress: number;
}

/** Where another worker of this member is pulled from. */
export interface WorkerAddress {
  /** From 1; the same number for the worker that replaces one that ended. */
  readonly worker: number;
  /** Of its unix socket. */
  readonly path: string;
}

/** A member's RTMP port as another one reaches it. */
export interface RelayAddress {
  /** DNS name or IP, IPv6 without brackets. */
  readonly host: string;
  readonly rtmpPort: number;
  /** It is pulled from by TLS, at this port, and proves who it is by the key with this SHA-256 (hexadecimal). */
  readonly tls?: { readonly port: number; readonly keyHash: string };
}
