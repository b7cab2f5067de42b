import type { Claim, Entry } from './claim.js';
import type { MemberId, MemberProfile } from './member.js';

/**
 * The changes of one member from version `from` (exclusive) to `to` (inclusive). Only the newest entry of each key
 * need be there, so versions inside may skip. It applies where `from` <= the version held < `to`; where `from` is
 * greater there is a gap, and the receiver asks the owner for what it lacks.
 */
export interface Delta {
  readonly member: MemberId;
  readonly generation: number;
  readonly from: number;
  readonly to: number;
  readonly entries: readonly Entry[];
}

/** All that a member owns at one version: for who is too far behind for a delta. */
export interface Snapshot {
  readonly member: MemberId;
  readonly generation: number;
  readonly version: number;
  readonly profile: MemberProfile | null;
  readonly claims: readonly Claim[];
}

/** How much of a member's log one has seen. */
export interface LogPosition {
  readonly generation: number;
  readonly version: number;
}

/** What one has seen of everybody. */
export type Digest = ReadonlyMap<MemberId, LogPosition>;

/** Negative where `a` is older than `b`, 0 where equal. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  return a.generation - b.generation || a.version - b.version;
}
