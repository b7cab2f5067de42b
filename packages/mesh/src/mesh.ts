import type {
  Claim,
  DirectoryView,
  Liveness,
  MemberId,
  MemberLoad,
  MemberProfile,
  OwnerPolicy,
  StreamKey,
  StreamKeys,
} from '@headwater/directory';
import type { MeshFigures } from './mesh-figures.js';
import type { MeshQuestions } from './query/mesh-questions.js';

/** The part of a pino logger that the mesh uses: fields first, then a stable message. */
export interface MeshLog {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}

export interface MeshOptions {
  /** Address and port to listen on for other members. */
  readonly host: string;
  readonly port: number;
  /** `host` or `host:port` to tell the others; absent: found from the listening address and the interfaces. */
  readonly advertise?: string;
  /** `host:port` each, DNS names too; resolved again on each try. A member finds itself among them and ignores that. */
  readonly seeds: readonly string[];
  /**
   * Shared secret, at least 32 bytes; absent only where the mesh listens on loopback. Of a list the first is used to dial,
   * and each is accepted.
   */
  readonly key?: string | readonly string[];
  /** Where the identity key (mode 0600) and the last generation are kept. */
  readonly dataDir: string;
  readonly heartbeatMs: number;
  /** Silence after which a member is suspect. */
  readonly suspectAfterMs: number;
  /** Silence after which a suspect is dead. */
  readonly deadAfterMs: number;
  /** Least time between two broadcasts of this member; under load they are further apart. */
  readonly batchMs: number;
  /** How owners of one stream are ordered; the same on every member. `primary` where absent. */
  readonly order?: OwnerPolicy;
}

/** What may change while a member runs. */
export type MeshSettings = Pick<MeshOptions, 'seeds' | 'key' | 'order'>;

/** One member, as the API shows it. */
export interface MemberView {
  readonly id: MemberId;
  readonly isSelf: boolean;
  readonly generation: number;
  readonly version: number;
  readonly liveness: Liveness;
  readonly profile: MemberProfile | null;
  readonly load: MemberLoad;
  /** How many streams it owns. */
  readonly streams: number;
  readonly connected: boolean;
  /** Members that reach both it and this one, where it is `unreachable` from here; else empty. */
  readonly through: readonly MemberId[];
  /** `host:port` of its mesh listener, as far as known. */
  readonly meshAddresses: readonly string[];
  /** `host:port` at which its mesh listener was dialled for the present connection, or the last; absent where it dialled. */
  readonly dialledAt?: string;
  /** IP at the other end of that connection. */
  readonly remoteIp?: string;
  /** Last round-trip time, ms; absent where none was measured. */
  readonly rttMs?: number;
}

export interface MeshStatus {
  /** Reached another member since the start, or has no seed but itself. */
  readonly joined: boolean;
  /** Holds the whole state of every member it knew of when it joined. */
  readonly synced: boolean;
  /**
   * Another process runs with this member's identity: others may listen to that one, so nobody may see what this one
   * claims.
   */
  readonly disputed: boolean;
  /** Why not ready, as a sentence; absent where joined and synced and not disputed. */
  readonly waitingFor?: string;
}

/** Another holder of this member's identity is in the mesh, with a newer generation: what this member claims, nobody sees. */
export interface MeshDisputed {
  /** Unix ms. */
  readonly sinceMs: number;
  /** Of the other holder. */
  readonly generation: number;
  /** Names of members that say so. */
  readonly by: readonly string[];
}

/** The mesh could not start or go on; `origin` adds what to do next. */
export class MeshError extends Error {
  readonly code: 'listen' | 'identity' | 'key-missing' | 'key-short' | 'keys-many' | 'seed-invalid';
  constructor(code: MeshError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MeshError';
    this.code = code;
  }
}

/** One running member of the mesh. */
export interface Mesh extends MeshQuestions {
  readonly id: MemberId;
  readonly directory: DirectoryView;
  /** Port really bound (configured 0 takes a free one). */
  readonly port: number;
  /** Says `leave`, so that the others drop this member's claims at once, then closes. Never rejects. */
  stop(): Promise<void>;
  /** Claims a stream, or tells more about one claimed (same key, new media). Everybody hears of it in ms. */
  claim(claim: Claim): void;
  release(key: StreamKey): void;
  setProfile(profile: MemberProfile): void;
  setLoad(load: MemberLoad): void;
  /**
   * Others of these from now on; connections that stand stay. Keys that are added count at once for who dials, so all members
   * are to hold a key before the first one dials with it.
   *
   * @throws MeshError `key-missing`, `key-short`, `keys-many`, `seed-invalid`; then nothing changes.
   */
  configure(settings: MeshSettings): void;
  members(): readonly MemberView[];
  /**
   * Null in a sound mesh. While it is not: this member is not ready, and publishers are to be refused. It ends by itself
   * some seconds after the other holder is gone, when this member has taken a newer generation. `onMemberChanged` tells of
   * this member itself when it begins and ends.
   */
  readonly disputed: MeshDisputed | null;
  /** One of them; undefined where it is not known. */
  member(id: MemberId): MemberView | undefined;
  status(): MeshStatus;
  /** Whether this seed led to this member itself when it was last visited; among others where it is a name of several. */
  isOwnSeed(seed: string): boolean;
  /** What it does and holds for the mesh, for metrics; costs a walk over the peers. */
  figures(): MeshFigures;
  /**
   * Called whenever the answer of `directory.owners(key)` may have changed, for each stream in `interest` that this is true
   * of; `interest` is looked at again each time. Many streams are told in slices, a moment later. Returns how to stop being
   * called.
   */
  onOwnersChanged(listener: (key: StreamKey) => void, interest: StreamKeys): () => void;
  /** Called when a member came, went, or changed its liveness. */
  onMemberChanged(listener: (member: MemberView) => void): () => void;
}
