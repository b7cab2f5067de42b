import { lateTogether } from './lateness.js';
import { CONFIRM_MS, CONNECT_TIMEOUT_MS } from './limits.js';

/** More time than a member on a fast path is given, ms. */
export interface Leeway {
  /** How long a lost connection is given to be made again. */
  readonly confirmMs: number;
  /** A dial that fails within this time was answered: nobody is there. Later it was not answered, which says less. */
  readonly refusalMs: number;
  /** Added to the silence after which it is suspect. */
  readonly silenceMs: number;
  /** Added to the silence after which a suspect is dead. */
  readonly deadMs: number;
}

/** A path whose shortest round trip is no longer than this is fast, and patience is as configured; from the other on it is slow. */
export const FAST_UP_TO_MS = 100;
export const SLOW_FROM_MS = 250;

/**
 * A connection is made again in so many round trips: TCP, handshake, muxer, hello, and as much for packets that get lost.
 * On slow paths twice: there the first dial may be given up for one lost packet.
 */
const CONFIRM_TRIPS = 6;

/** TCP waits for so many expected round trips until three losses in a row are made up for: 1 + 2 + 4. */
const LOSSES_TRIPS = 7;

/** After a cut, much more is expected than the path takes. Silence is given no more than so many times the shortest round trip. */
const SLOW_TRIPS_MAX = 3;

/** No more than this is added to anything, whatever is measured or told. */
export const LEEWAY_MAX_MS = 10_000;

/** The same for the silence of a suspect: the dead are found within some seconds on the slowest path. */
const DEAD_MAX_MS = 4_000;

/** While nothing was measured yet, of nobody, a path may be a slow one. */
const UNMEASURED_CONFIRM_MS = 4_000;

/** So the silence of who was met just now, and whose connection closed at once, is no death before it can be made again. */
const UNMEASURED_DEAD_MS = 1_500;

/** A dial that fails sooner was answered, on any path; one that fails later was given up by the transport, which says nothing. */
const REFUSAL_MS = 500;
const REFUSAL_MAX_MS = CONNECT_TIMEOUT_MS - 100;

/** What is measured of a path, ms: `RoundTrip.pathMs`, and what is expected with all that makes it vary, lateness as well. */
export interface Path {
  readonly shortestMs: number;
  readonly expectedMs: number;
}

/**
 * Patience with one member, by the path (null: nothing was measured), by how late the member says that it is, and by how
 * late this one is itself. Losses make a long path silent for long; a short one that varies is that of a busy machine.
 *
 * | shortest | expected | lateness | confirm | refusal | silence | dead  |
 * | -------- | -------- | -------- | ------- | ------- | ------- | ----- |
 * | null     | null     | 0        | 4,000   | 500     | 0       | 1,500 |
 * | 1        | 5        | 0        | 1,000   | 500     | 0       | 0     |
 * | 1        | 600      | 0        | 3,600   | 1,800   | 0       | 0     |
 * | 100      | 200      | 0        | 1,200   | 600     | 0       | 0     |
 * | 175      | 200      | 0        | 1,800   | 600     | 100     | 700   |
 * | 500      | 550      | 0        | 6,600   | 1,650   | 550     | 3,850 |
 * | 300      | 7,700    | 0        | 10,000  | 1,900   | 900     | 4,000 |
 * | 5,000    | 9,000    | 0        | 10,000  | 1,900   | 9,000   | 4,000 |
 * | 1        | 5        | 300      | 1,600   | 1,100   | 300     | 300   |
 * | 300      | 600      | 300      | 4,200   | 1,500   | 600     | 2,400 |
 */
export function leewayOf(path: Path | null, peerLateMs: number, ownLateMs: number): Leeway {
  const lateMs = lateTogether(peerLateMs, ownLateMs);
  // What both are late is no part of the path.
  const tripMs = Math.max(0, (path?.expectedMs ?? 0) - lateMs);
  const shortestMs = path?.shortestMs ?? 0;
  const slowness = Math.min(1, Math.max(0, (shortestMs - FAST_UP_TO_MS) / (SLOW_FROM_MS - FAST_UP_TO_MS)));
  const slowMs = slowness * Math.min(tripMs, SLOW_TRIPS_MAX * shortestMs);
  const unmeasuredMs = path === null ? UNMEASURED_DEAD_MS : 0;
  const confirmMs =
    path === null ? UNMEASURED_CONFIRM_MS : Math.max(CONFIRM_MS, CONFIRM_TRIPS * (tripMs + slowMs));
  return {
    confirmMs: Math.min(confirmMs + 2 * lateMs, LEEWAY_MAX_MS),
    refusalMs: Math.min(Math.max(REFUSAL_MS, 3 * tripMs) + 2 * lateMs, REFUSAL_MAX_MS),
    silenceMs: Math.min(slowMs + lateMs, LEEWAY_MAX_MS),
    deadMs: Math.min(unmeasuredMs + LOSSES_TRIPS * slowMs + lateMs, DEAD_MAX_MS),
  };
}
