import type {
  Claim,
  Delta,
  LogPosition,
  MemberId,
  MemberLoad,
  MemberProfile,
  OwnerPolicy,
} from '@headwater/directory';
import type { VersionRange } from './versions.js';

/** A member as another one knows it: where to dial it, and how much of its log is held. */
export interface Acquaintance {
  readonly id: MemberId;
  readonly position: LogPosition;
  /** `host:port` of its mesh listener. */
  readonly addresses: readonly string[];
  /**
   * Whether the sender hears it at present; of the reader itself: this start of it, which need not be the reader's own.
   * Absent where the sender is of a version that does not tell.
   */
  readonly heard?: boolean;
}

/** First message on each new connection, from both sides. */
export interface Hello {
  readonly kind: 'hello';
  /** The sender's name, for people. */
  readonly name: string;
  /** The program's version, for people. */
  readonly program: string;
  /** The sender's own log. */
  readonly position: LogPosition;
  /** Where the sender can be dialled. */
  readonly addresses: readonly string[];
  /** Everybody whom the sender knows; also its digest of their logs. */
  readonly members: readonly Acquaintance[];
  /** How the sender orders owners; absent where it is of a version that did not tell yet. */
  readonly order?: OwnerPolicy;
  /** Versions of the protocol that the sender speaks; absent: version 1 alone. */
  readonly speaks?: VersionRange;
}

/** "I am here", to each connected member, each `heartbeatMs`. */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  /** The sender's own log: whoever holds less has missed something. */
  readonly position: LogPosition;
  readonly load: MemberLoad;
  /** The sender's own monotonic clock, ms; comes back as `echo`. */
  readonly sentAt: number;
  /** The receiver's last `sentAt` and how long ago, ms, it came; for the round-trip time. */
  readonly echo: { readonly sentAt: number; readonly heldMs: number } | null;
  /** Whom the sender hears at the moment: `joinDigests` of at most `MEMBERS_MAX` members; absent: it does not tell. */
  readonly hears?: Uint8Array;
  /** How late the sender's own event loop is at the moment, whole ms; absent: on time. */
  readonly lateMs?: number;
}

/** Whom the sender knows; from time to time to a random member. */
export interface Roster {
  readonly kind: 'roster';
  readonly members: readonly Acquaintance[];
}

/** "Send me your log from here on." */
export interface Pull {
  readonly kind: 'pull';
  /** Chosen by the asker, comes back in each part. */
  readonly pull: number;
  readonly held: LogPosition;
}

/** The asker has taken all parts of the last window. */
export interface More {
  readonly kind: 'more';
  readonly pull: number;
}

/** Part of the answer to a pull: applies on its own, in order. */
export interface DeltaPart {
  readonly kind: 'delta-part';
  readonly pull: number;
  readonly index: number;
  readonly last: boolean;
  readonly delta: Delta;
}

/** Part of the answer to a pull from too far back: only all parts together replace what is held. */
export interface SnapshotPart {
  readonly kind: 'snapshot-part';
  readonly pull: number;
  readonly index: number;
  readonly last: boolean;
  readonly position: LogPosition;
  readonly profile: MemberProfile | null;
  readonly claims: readonly Claim[];
}

/** "What do you have of this member's signed words after these?" To anybody, while the member itself can't be asked. */
export interface Ask {
  readonly kind: 'ask';
  /** Chosen by the asker, greater each time, comes back in the answer. */
  readonly ask: number;
  readonly owner: MemberId;
  readonly held: LogPosition;
}

/** Part of the answer to an `ask`. Empty and last where the answerer has nothing that leads on from there. */
export interface Words {
  readonly kind: 'words';
  readonly ask: number;
  readonly last: boolean;
  /** As their author signed them. */
  readonly envelopes: readonly Uint8Array[];
}

/** "I am going on purpose": all claims of this generation are void, for good. */
export interface Leave {
  readonly kind: 'leave';
  readonly generation: number;
}

/** To one connected member; the connection tells who speaks. */
export type DirectMessage =
  | Hello
  | Heartbeat
  | Roster
  | Pull
  | More
  | DeltaPart
  | SnapshotPart
  | Ask
  | Words
  | Leave;

/** A member's own changes, as all members hear of them. */
export interface DeltaNews {
  readonly kind: 'delta';
  readonly delta: Delta;
}

/** To everybody, signed by its author. */
export type BroadcastMessage = DeltaNews | Leave;
