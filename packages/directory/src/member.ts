/** A member's id: its libp2p peer id as text (base58 of an Ed25519 key, 52 characters). */
export type MemberId = string;

/** `origin` takes publishers; an `edge` owns nothing and only serves players. */
export type Role = 'origin' | 'edge';

/**
 * What the mesh believes of a member. `unreachable`: others hear it, this member does not; its claims stand. `suspect`:
 * silent, perhaps dead; its streams are routed to it only if nobody else has them. `dead` and `left` own nothing; their
 * last words are kept some minutes to refuse older ones.
 */
export type Liveness = 'alive' | 'unreachable' | 'suspect' | 'dead' | 'left';

/** Whether claims of such a member stand: players find them. */
export const claimsStand = (liveness: Liveness): boolean => liveness !== 'dead' && liveness !== 'left';

/** Whether such a member is known to live, be it by others' word. */
export const isLive = (liveness: Liveness): boolean => liveness === 'alive' || liveness === 'unreachable';

/** Where players, edges and relays reach a member's media, in one of the networks it is known in. */
export interface MediaAddress {
  /** The network's name (`inside`, `outside`), the same on every member that has an address there. */
  readonly network: string;
  /** DNS name or IP, IPv6 without brackets. */
  readonly host: string;
  /** 0: none without TLS; `httpPort` likewise. */
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** Port for RTMP over TLS; absent: none. */
  readonly rtmpsPort?: number;
  /** Port for HTTP and WebSocket over TLS; absent: none. */
  readonly httpsPort?: number;
}

/** What a member says of itself; changes rarely and travels as an entry of its own log. */
export interface MemberProfile {
  readonly name: string;
  readonly role: Role;
  /** What players are told, in order of preference; the first serves where no network matches. At least one. */
  readonly addresses: readonly MediaAddress[];
  /** Where the other members pull relays from, where they know of nothing better. */
  readonly relayAddress: MediaAddress;
  /** The same network by network, `relayAddress` among them; absent where that is the only one. */
  readonly relayAddresses?: readonly MediaAddress[];
  /** Where SRS's `/api/v1/clusters` and people find the API, `host:port`; absent where it is on loopback only. */
  readonly apiAddress?: string;
  /** Availability zone, rack or site; owners in the asker's zone come first where both set one. */
  readonly zone?: string;
  /** Leaving on purpose: routed to only if nobody else has the stream. */
  readonly draining: boolean;
  /** The program's version, for upgrades. */
  readonly program: string;
  /**
   * How loaded it is, coarsely (`nextLoadLevel`); absent: 0. Told in its log, unlike the load itself, so that all members
   * order owners by the same one.
   */
  readonly loadLevel?: number;
  /** Its connections or its outbound limit are used up: plays go to others where any has room. Absent: false. */
  readonly full?: boolean;
  /**
   * SHA-256, in hexadecimal, of the public key (SPKI, DER) by which it proves who it is where others pull from `rtmpsPort` of its relay
   * addresses. Absent: it is pulled from without TLS.
   */
  readonly relayKeyHash?: string;
}

/** A member's load, unversioned: the last word heard counts. */
export interface MemberLoad {
  readonly players: number;
  readonly publishers: number;
  readonly outboundKbps: number;
}

export const NO_LOAD: MemberLoad = { players: 0, publishers: 0, outboundKbps: 0 };
