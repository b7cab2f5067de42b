import type { Liveness, LogPosition, MemberId } from '@headwater/directory';

/** Something that must never be, found by a checker. */
export interface Violation {
  readonly checker: string;
  readonly at: number;
  readonly what: string;
}

/** A change of mind of one member about another. */
export interface Belief {
  readonly at: number;
  readonly observer: MemberId;
  readonly member: MemberId;
  /** The start of that member that the observer knew. */
  readonly generation: number;
  readonly liveness: Liveness | 'unknown';
}

/** What one member's log says of another's conduct. */
export interface Accusation {
  readonly observer: MemberId;
  readonly member: MemberId;
  readonly what: string;
}

/** One member's copy of another one's log went on. */
export interface Advance {
  readonly at: number;
  readonly observer: MemberId;
  readonly member: MemberId;
  readonly before: LogPosition;
  readonly after: LogPosition;
  /** How far the member itself was then. */
  readonly newest: LogPosition;
}
