import type { PlayMark, StreamKey } from '@headwater/directory';
import type { PlaySession } from './play-session.js';
import type { WaitLimits } from './wait-limits.js';

/**
 * How far one play has come:
 * - `unserved`: it was given no stream yet.
 * - `overdue`: likewise, and it waited for word of its owner long enough.
 * - `served`: it was given a stream. It stays then, however full members are.
 * - `passed-on-from-owner`, `passed-on-from-worker`: a relay of its own brings to this other member's pull what another
 *   owner publishes, or another worker here. No change of owners moves it: it goes on until that ends.
 */
export type PlayState = 'unserved' | 'overdue' | 'served' | 'passed-on-from-owner' | 'passed-on-from-worker';

/** One client's play, for as long as it is here. */
export interface Play {
  readonly session: PlaySession;
  readonly mark: PlayMark;
  state: PlayState;
  /** The route last taken, so that each is logged once; empty: none. */
  told: string;
}

/** Which plays of a stream are still to be looked at again. */
export interface Unreviewed {
  /** For whether they are sent away, before the stream hears of its new owners; null: none. */
  redirecting: Iterator<Play> | null;
  /** For their route; null: none. */
  settling: Iterator<Play> | null;
}

/** All plays of one stream. */
export interface StreamPlays {
  readonly key: StreamKey;
  readonly plays: Map<string, Play>;
  readonly limits: WaitLimits<Play>;
  /** Other members' pulls of an owner that is not known yet. */
  readonly early: WaitLimits<Play>;
  readonly unreviewed: Unreviewed;
}

/** It was given a stream, by whatever way. */
export const isServed = ({ state }: Play): boolean => state === 'served' || state === 'passed-on-from-worker';

/** It is fed by a relay of its own. */
export const isPassedOn = ({ state }: Play): boolean =>
  state === 'passed-on-from-owner' || state === 'passed-on-from-worker';
