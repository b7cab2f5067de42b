import type {
  Claim,
  Liveness,
  LogPosition,
  MemberId,
  MemberLoad,
  MemberProfile,
  OwnerPolicy,
  StreamKey,
} from '@headwater/directory';
import type { GuardConfig } from '@headwater/guard';
import type {
  ClientView,
  Elsewhere,
  MediaEvent,
  MediaFigures,
  MediaListenerName,
  MediaOptions,
  MediaSettings,
  StreamTotal,
  StreamView,
  WorkerAddress,
} from '@headwater/media';
import type { MemberView } from '@headwater/mesh';
import type { ClientFilter, MediaTold } from '../plane/media-plane.js';
import type { LoopDelay } from './own-delay.js';

/** All that a worker needs to begin. */
export interface WorkerSetup {
  readonly self: MemberId;
  readonly media: MediaOptions & { readonly worker: WorkerAddress };
  readonly order: OwnerPolicy;
  readonly zone?: string;
  /** Who may publish and play. It holds keys. */
  readonly guard: GuardConfig;
  /** `relay.tls`. */
  readonly relayTls: boolean;
  /** `relay.tree`. */
  readonly relayTree: boolean;
  /** The least severe lines that it sends. */
  readonly logLevel: string;
}

/** A claim as routing needs it: nobody who plays asks what is in a stream. */
export interface LeanClaim {
  readonly key: StreamKey;
  readonly sinceMs: number;
  readonly silent?: true;
}

export type LeanEntry =
  | { readonly version: number; readonly claim: LeanClaim }
  | { readonly version: number; readonly release: StreamKey }
  | { readonly version: number; readonly profile: MemberProfile };

/** What a worker knows of a member beside its claims: where it is pulled from, and how near it is. */
export type MemberFacts = Pick<
  MemberView,
  'id' | 'isSelf' | 'liveness' | 'connected' | 'profile' | 'rttMs' | 'dialledAt' | 'remoteIp'
>;

/** One change of the directory, as main's own has just made it. */
export type DirectoryChange =
  /** A copy of everything begins; it counts from `complete` on, and until then the worker goes by the one before. */
  | { readonly do: 'begin'; readonly profile: MemberProfile }
  | { readonly do: 'complete' }
  /** A member's claims come anew, part by part; `member` puts them in place. */
  | { readonly do: 'stage'; readonly member: MemberId }
  | { readonly do: 'part'; readonly member: MemberId; readonly claims: readonly LeanClaim[] }
  | {
      readonly do: 'member';
      readonly member: MemberId;
      readonly position: LogPosition;
      readonly profile: MemberProfile | null;
      readonly liveness: Liveness;
      readonly through: readonly MemberId[];
    }
  | {
      readonly do: 'delta';
      readonly member: MemberId;
      readonly generation: number;
      readonly from: number;
      readonly to: number;
      readonly entries: readonly LeanEntry[];
    }
  | { readonly do: 'liveness'; readonly member: MemberId; readonly liveness: Liveness }
  | { readonly do: 'reach'; readonly member: MemberId; readonly through: readonly MemberId[] }
  | { readonly do: 'void'; readonly member: MemberId }
  | { readonly do: 'forget'; readonly member: MemberId }
  /** This member's own: which worker has a stream's publisher. */
  | { readonly do: 'own'; readonly claim: LeanClaim; readonly worker: WorkerAddress }
  | { readonly do: 'disown'; readonly key: StreamKey }
  | { readonly do: 'profile'; readonly profile: MemberProfile }
  | { readonly do: 'facts'; readonly members: readonly MemberFacts[] };

/** What a worker can be asked for. */
export interface Questions {
  load(): MemberLoad;
  pulls(): readonly StreamKey[];
  publishersAsked(): number;
  streamKeys(from: StreamKey, max: number): readonly StreamKey[];
  stream(key: StreamKey, playersMax: number): StreamView | null;
  playerCounts(keys: readonly StreamKey[]): readonly number[];
  clients(filter: ClientFilter, after: string, max: number): readonly ClientView[];
  kick(id: string): boolean;
  endPublish(key: StreamKey): boolean;
  /** The configuration was read again; the rules hold keys. Answers when all of it is in force; false where it cannot be. */
  configure(media: MediaSettings, rules: GuardConfig, order: OwnerPolicy, relayTree: boolean): boolean;
  streamTotals(from: StreamKey, max: number): readonly StreamTotal[];
}

/** What concerns a worker, but is known to main alone. */
export interface Around {
  /** Connections of the other workers. */
  readonly connections: number;
  /** The member as a whole can take no more plays. */
  readonly isFull: boolean;
  readonly isDisputed: boolean;
  /** Those that take connections, and share what they pull from other members. */
  readonly listening: readonly WorkerAddress[];
}

export type ToWorker =
  | { readonly kind: 'set-up'; readonly setup: WorkerSetup }
  | { readonly kind: 'directory'; readonly changes: readonly DirectoryChange[] }
  | { readonly kind: 'around'; readonly around: Around }
  | { readonly kind: 'ping'; readonly id: number }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly question: keyof Questions;
      readonly given: readonly unknown[];
    }
  | { readonly kind: 'refuse-publishers'; readonly forwards?: boolean }
  | { readonly kind: 'accept-publishers' }
  | { readonly kind: 'ask-publishers' }
  | { readonly kind: 'close-publishers'; readonly which: 'all' | 'others' }
  | { readonly kind: 'log-level'; readonly level: string }
  | {
      readonly kind: 'end-publisher';
      readonly key: StreamKey;
      /** Of the claim that does not stand. */
      readonly sinceMs: number;
      readonly reason: 'already-published' | 'taken-over';
    }
  | { readonly kind: 'stop' };

/** What a worker tells of itself, each second. */
export interface WorkerTold extends MediaTold {
  readonly rssBytes: number;
  /** Processor time of this process so far. */
  readonly cpuSeconds: number;
  readonly figures: MediaFigures;
  readonly loopDelay?: LoopDelay;
}

export type FromWorker =
  /** It takes connections from now on. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'release'; readonly key: StreamKey }
  | { readonly kind: 'told'; readonly told: WorkerTold }
  /** What happened, in order. */
  | { readonly kind: 'event'; readonly event: MediaEvent }
  /** Connections that it took from those handed over, and those that have ended since, by the address that limits count. */
  | { readonly kind: 'connections'; readonly taken: readonly number[]; readonly closed: readonly string[] }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
      readonly fields: object;
      readonly msg: string;
    };

/** Goes beside a connection that is handed over. */
export interface Handover {
  /** Counts those handed to one worker. */
  readonly id: number;
  readonly listener: MediaListenerName;
  /** As limits count it. */
  readonly address: string;
  /** Whether it counts against that address; a member's may be a pull. */
  readonly isCounted: boolean;
  readonly elsewhere: Elsewhere;
}
