import type { Liveness, MemberLoad, StreamKey } from '@headwater/directory';
import type { MeshOptions } from '@headwater/mesh';

/** How a mesh-only member is started: JSON in its first argument. */
export type MeshStart = Pick<MeshOptions, 'host' | 'port' | 'seeds' | 'dataDir'> &
  Partial<MeshOptions> & {
    readonly name: string;
    /** More members in the same process, which only take part and churn: for meshes larger than a machine has room for. */
    readonly companions?: number;
    readonly zone?: string;
  };

/** What a mesh-only member is told over the IPC channel. */
export type MeshOrder =
  | { readonly kind: 'claim'; readonly keys: readonly StreamKey[] }
  | { readonly kind: 'release'; readonly keys: readonly StreamKey[] }
  /** Claims so many streams a second of its own, new or anew, until told 0; companions share in it. */
  | { readonly kind: 'churn'; readonly claimsPerSecond: number }
  /** Tells `counted` once the directory has so many streams. */
  | { readonly kind: 'await-streams'; readonly count: number }
  /** Tells `whole` once it is ready and connected with so many others. */
  | { readonly kind: 'await-others'; readonly count: number }
  /** Has this load from now on. */
  | { readonly kind: 'load'; readonly load: MemberLoad }
  /** Blocks its event loop. */
  | { readonly kind: 'stall'; readonly stallMs: number }
  /** Starts measuring anew; the delay of the event loop only where asked for, since that costs CPU itself. */
  | { readonly kind: 'reset'; readonly loopDelay: boolean }
  | { readonly kind: 'report' }
  | { readonly kind: 'stop' };

/** What a mesh-only member tells. Times: ms of the machine's monotonic clock, the same in all processes (Linux). */
export type MeshNews =
  | { readonly kind: 'listening'; readonly id: string; readonly port: number; readonly startedAt: number }
  | { readonly kind: 'claimed'; readonly at: number }
  /** The owners of a stream, by name, in order. Only of streams whose key has `watched` in it. */
  | {
      readonly kind: 'owners';
      readonly key: StreamKey;
      readonly owners: readonly string[];
      readonly at: number;
    }
  | { readonly kind: 'member'; readonly name: string; readonly liveness: Liveness; readonly at: number }
  | { readonly kind: 'counted'; readonly count: number; readonly at: number }
  | { readonly kind: 'whole'; readonly at: number }
  | { readonly kind: 'warned'; readonly msg: string; readonly fields: object }
  | ({ readonly kind: 'report' } & MeshReport);

export interface MeshReport {
  readonly streams: number;
  /** Names of those alive and connected. */
  readonly alive: readonly string[];
  readonly isReady: boolean;
  /** The whole directory as text, the same on members that agree. */
  readonly directory: string;
  /** After garbage collection where `--expose-gc` is given. */
  readonly heapBytes: number;
  /** Since the last reset. */
  readonly elapsedMs: number;
  /** Changes of owners that the directory told of. */
  readonly changes: number;
  readonly cpuMs: number;
  /** TCP connections that it made or took, failed ones too, since it started. */
  readonly connectionsMade: number;
  /** CPU since it started. */
  readonly cpuMsInAll: number;
  /** Of all its TCP connections: payload, without the headers of TCP and IP. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** How late a timer of 1 ms fires; 0 where not asked for. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}
